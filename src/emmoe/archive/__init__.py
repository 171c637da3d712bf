"""One file with all results and what made them: written, verified, and recomputed in part."""
