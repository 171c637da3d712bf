"""One file per figure: each has draw(...), from summary tables to a matplotlib Figure."""
