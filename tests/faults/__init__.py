"""Faults put into small runs, which must lose and change nothing: `make faults` runs them all."""
