"""Schemas of config.yaml and of the result files."""
