"""Probes: what traces do not hold, one file each, `measure(scene, **options)` returns a table.

An option that is a text names one of the probe's fitters."""
