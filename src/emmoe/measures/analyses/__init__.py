"""Analyses of a run, one file each: `analyse(run)` returns columns for the table of runs."""
