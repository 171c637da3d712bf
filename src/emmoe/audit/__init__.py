"""Every claim of the paper beside our number, with a verdict and the rule that gave it."""
