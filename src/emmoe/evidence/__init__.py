"""From runs to statements: summaries, tests, the paper's readings, and what rivals cost.

A contest's rows (`emmoe.lab.contest`) hold the cost of every state in every currency. `targets`
says what is to be reached, `reach` at which cost each run does, `tuning` which step size is best
on the tuning replicates, `estimates` what is expected of it on the others, `verdicts` says it.
"""
