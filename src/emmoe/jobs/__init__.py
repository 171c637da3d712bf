"""What the workflow runs: one kind of job after the other."""
