"""What the workflow runs: one file per kind of job, and what all kinds share in `base`."""

import atexit
import gc

# What imports and plans make lives on: to look for garbage among it, as often as Python does by
# default and once more at the end, takes a fifth of a job's start and half of the first planning.
gc.set_threshold(200_000, 20, 20)
atexit.register(gc.freeze)
