"""One file per table: each has build(...), from summary tables to a pandas DataFrame."""
