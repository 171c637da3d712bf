"""What rivals cost to reach a target: from the rows of a contest to tuned steps and verdicts.

A contest's rows (`emmoe.contest`) hold the cost of every state in every currency. `targets` says
what is to be reached, `reach` at which cost each run does, `tuning` which step size is best on the
tuning replicates, `estimates` what is expected of it on the others, `verdicts` says it in words.
"""
