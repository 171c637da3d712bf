# Contests: all rivals of one in a single job, so that their clocks compare.


# Tune all rivals of a contest on its tuning replicates, then run them on the others.
rule contest:
    input:
        downloads=downloads("contest"),
    output:
        costs="<results>/contests/{contest}/costs.parquet",
        seconds="<results>/contests/{contest}/seconds.parquet",
        provenance="<results>/contests/{contest}/provenance.json",
    log:
        "<logs>/contest/{contest}.log",
    benchmark:
        "<benchmarks>/contest/{contest}.tsv"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * demand.OF_LONG["mem_mb"],
        runtime=lambda w, attempt: attempt * demand.OF_LONG["runtime"],
    params:
        task=contest_task,
        code=lambda w: codes.contest_code(contest_task(w)),
    script:
        "../scripts/contest.py"
