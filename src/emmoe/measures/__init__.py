"""What is measured of runs: analyses of each run, and probes of an experiment's first replicate."""
