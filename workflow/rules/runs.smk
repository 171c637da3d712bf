# Downloads, and all that runs algorithms: fits, contests, probes.


# Fetch one file of a data set, from the mirror or its sources, and verify it.
rule download:
    input:
        fetched,
    output:
        layout.download("{dataset}/{file}"),
    log:
        layout.log("download", "{dataset}/{file}"),
    priority: AWAITED
    localrule: True
    conda:
        ENVIRONMENT
    params:
        sources=lambda w: list(record.downloads[w.dataset].sources),
        checksum=lambda w: plain(record.downloads[w.dataset].files[w.file]),
    script:
        "../scripts/download.py"


# Run one fitter on one block.
rule fit:
    input:
        unpack(lambda w: asked(fit(w))),
    output:
        written(layout.fit("{experiment}", "{fitter}", "{block}")),
    log:
        layout.log("fit", "{experiment}/{fitter}/{block}"),
    benchmark:
        layout.benchmark("fit", "{experiment}/{fitter}/{block}")
    wildcard_constraints:
        experiment=alone(record.experiments),
    priority: LONG
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=needed(fit, "mem_mb"),
        runtime=needed(fit, "runtime"),
    params:
        work=lambda w: plain([fit(w).work]),
    script:
        "../scripts/job.py"


# Tune all rivals of a contest on its tuning replicates, then run them on the others.
rule contest:
    input:
        unpack(lambda w: asked(contest(w))),
    output:
        written(layout.contest("{contest}")),
    log:
        layout.log("contest", "{contest}"),
    benchmark:
        layout.benchmark("contest", "{contest}")
    wildcard_constraints:
        contest=alone(record.contests),
    priority: LONG
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=needed(contest, "mem_mb"),
        runtime=needed(contest, "runtime"),
    params:
        work=lambda w: plain([contest(w).work]),
    script:
        "../scripts/job.py"


# Measure on an experiment's first replicate what its traces do not hold.
rule probe:
    input:
        unpack(lambda w: asked(probe(w))),
    output:
        written(layout.probe("{probe}")),
    log:
        layout.log("probe", "{probe}"),
    benchmark:
        layout.benchmark("probe", "{probe}")
    wildcard_constraints:
        probe=alone(record.probes),
    priority: SOON
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=needed(probe, "mem_mb"),
        runtime=needed(probe, "runtime"),
    params:
        work=lambda w: plain([probe(w).work]),
    script:
        "../scripts/job.py"


# Small fits and what gathers them, small probes, small contests: several in one process.
for name, jobs in small_batches(record).items():

    rule:
        name:
            name
        input:
            together(jobs),
        output:
            outputs(*jobs),
        log:
            layout.log(jobs[0].kind, name),
        benchmark:
            layout.benchmark(jobs[0].kind, name)
        priority: LONG if jobs[0].kind == "probe" else SOON
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            mem_mb=needed_by(jobs, "mem_mb"),
            runtime=needed_by(jobs, "runtime"),
        params:
            work=worked(jobs),
        script:
            "../scripts/job.py"


# All runs of a larger experiment in one trace and one table, and their means over replicates.
rule gather:
    input:
        unpack(lambda w: asked(gather(w))),
    output:
        written(layout.gathered("{experiment}")),
    log:
        layout.log("gather", "{experiment}"),
    benchmark:
        layout.benchmark("gather", "{experiment}")
    wildcard_constraints:
        experiment=alone(record.experiments),
    priority: AWAITED
    localrule: True
    conda:
        ENVIRONMENT
    params:
        work=lambda w: plain([gather(w).work]),
    script:
        "../scripts/job.py"
