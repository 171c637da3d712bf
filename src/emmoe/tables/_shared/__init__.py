"""Helpers of the modules beside this folder."""
