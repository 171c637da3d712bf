"""WHAT is fitted: one file per model."""
