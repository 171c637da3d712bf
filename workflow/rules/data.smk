# Downloads and draws.


# Fetch one file of a data set, from the mirror or its sources, and verify it.
rule download:
    output:
        "<downloads>/{dataset}/{file}",
    log:
        "<logs>/download/{dataset}/{file}.log",
    benchmark:
        "<benchmarks>/download/{dataset}/{file}.tsv"
    localrule: True
    params:
        sources=lambda w: config["downloads"][w.dataset]["sources"],
        checksum=lambda w: config["downloads"][w.dataset]["files"][w.file],
    script:
        "../scripts/download.py"


# Draw the truths and starts of a block, which all its fitters share.
rule draw:
    output:
        "<results>/draws/{experiment}/{block}.npz",
    log:
        "<logs>/draw/{experiment}/{block}.log",
    benchmark:
        "<benchmarks>/draw/{experiment}/{block}.tsv"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * demand.OF_DRAW["mem_mb"],
        runtime=lambda w, attempt: attempt * demand.OF_DRAW["runtime"],
    params:
        task=draw_task,
        code=lambda w: codes.draw_code(draw_task(w)),
    script:
        "../scripts/draw.py"
