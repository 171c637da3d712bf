"""HOW it is fitted: one file per algorithm."""
