# Findings: statements about the results, each computed from tables; and what only they read.


# All traces of an experiment in one table.
rule traces:
    input:
        of_all_fits("traces"),
    output:
        "<results>/traces/{experiment}.parquet",
    log:
        "<logs>/traces/{experiment}.log",
    benchmark:
        "<benchmarks>/traces/{experiment}.tsv"
    localrule: True
    params:
        code=provenance.code_hash("emmoe.store.files"),
    script:
        "../scripts/traces.py"


# Measure on an experiment's first replicate what its traces do not hold.
rule probe:
    input:
        draw=probe_draw,
        downloads=lambda w: downloads_of("experiments", config["probes"][w.probe]["experiment"]),
    output:
        table="<results>/probes/{probe}.csv",
        provenance="<results>/probes/{probe}.provenance.json",
    log:
        "<logs>/probe/{probe}.log",
    benchmark:
        "<benchmarks>/probe/{probe}.tsv"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * demand.OF_LONG["mem_mb"],
        runtime=lambda w, attempt: attempt * demand.OF_LONG["runtime"],
    params:
        task=probe_task,
        code=lambda w: codes.probe_code(probe_task(w)),
    script:
        "../scripts/probe.py"


# Compute one finding.
rule finding:
    input:
        unpack(lambda w: config["findings"][w.product]["inputs"]),
    output:
        "<results>/findings/{product}.json",
    log:
        "<logs>/finding/{product}.log",
    benchmark:
        "<benchmarks>/finding/{product}.tsv"
    localrule: True
    params:
        entry=lambda w: config["findings"][w.product],
        code=lambda w: codes.product_code("findings", config["findings"][w.product]["find"]),
    script:
        "../scripts/finding.py"
