"""Probes: what traces do not hold, one file each, `measure(scene, **options)` returns a table."""
