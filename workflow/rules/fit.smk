# Fits and their summaries.


# Run one fitter on one block.
rule fit:
    input:
        draw="<results>/draws/{experiment}/{block}.npz",
        downloads=downloads("experiment"),
    output:
        trace="<results>/traces/{experiment}/{fitter}/{block}.parquet",
        runs="<results>/runs/{experiment}/{fitter}/{block}.parquet",
        provenance="<results>/traces/{experiment}/{fitter}/{block}.provenance.json",
    log:
        "<logs>/fit/{experiment}/{fitter}/{block}.log",
    benchmark:
        "<benchmarks>/fit/{experiment}/{fitter}/{block}.tsv"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * demand.of_fit(fit_task(w))["mem_mb"],
        runtime=lambda w, attempt: attempt * demand.of_fit(fit_task(w))["runtime"],
    params:
        task=fit_task,
        code=lambda w: codes.fit_code(fit_task(w)),
    script:
        "../scripts/fit.py"


# Mean and standard deviation over replicates, for all fitters of an experiment.
rule summarise:
    input:
        of_all_fits("traces"),
    output:
        "<results>/summaries/{experiment}.csv",
    log:
        "<logs>/summarise/{experiment}.log",
    benchmark:
        "<benchmarks>/summarise/{experiment}.tsv"
    localrule: True
    params:
        code=provenance.code_hash("emmoe.evidence.summary", "emmoe.store.files"),
    script:
        "../scripts/summarise.py"


# All runs of an experiment in one table, each with its cell's settings.
rule gather:
    input:
        of_all_fits("runs"),
    output:
        "<results>/runs/{experiment}.parquet",
    log:
        "<logs>/gather/{experiment}.log",
    benchmark:
        "<benchmarks>/gather/{experiment}.tsv"
    localrule: True
    params:
        facts=lambda w: grid.facts(config["experiments"][w.experiment]),
        code=provenance.code_hash("emmoe.evidence.summary", "emmoe.store.files"),
    script:
        "../scripts/gather.py"
