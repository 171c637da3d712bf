"""The findings: one file each, `find(**tables)` computes from tables whether a statement holds."""
