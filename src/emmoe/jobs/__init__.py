"""What the workflow runs: one file per kind of job, and what all kinds share in `base`."""
