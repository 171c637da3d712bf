"""WHERE a fit begins: one file per start law."""
