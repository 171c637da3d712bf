# The calibration: settings searched in parts, then gathered.


# Simulate and score a part of the settings.
rule calibrate_part:
    input:
        unpack(lambda w: asked(part(w))),
    output:
        written(layout.calibration_part("{family}", "{stage}", "{part}")),
    log:
        layout.log("calibrate", "{family}/{stage}-{part}"),
    benchmark:
        layout.benchmark("calibrate", "{family}/{stage}-{part}")
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=needed(part, "mem_mb"),
        runtime=needed(part, "runtime"),
    params:
        work=lambda w: plain([part(w).work]),
    script:
        "../scripts/job.py"


# Keep some of the accepted data settings, at which the steps are searched.
rule calibrate_keep:
    input:
        unpack(lambda w: asked(kept(w))),
    output:
        written(layout.calibration_kept("{family}")),
    log:
        layout.log("calibrate", "{family}/kept"),
    wildcard_constraints:
        family=NAME,
    localrule: True
    conda:
        ENVIRONMENT
    params:
        work=lambda w: plain([kept(w).work]),
    script:
        "../scripts/job.py"


# Gather all parts into tables and a page.
rule calibrate_gather:
    input:
        unpack(lambda w: asked(named(CalibrateGather))),
    output:
        written(layout.calibration()),
    log:
        layout.log("calibrate", "gather"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        work=lambda w: plain([named(CalibrateGather).work]),
    script:
        "../scripts/job.py"


# Simulate the winner of a run's search anew, on fresh seeds.
rule calibrate_fresh:
    input:
        unpack(lambda w: asked(fresh(w))),
    output:
        written(layout.calibration_fresh("{family}", "{algorithm}")),
    log:
        layout.log("calibrate", "fresh/{family}-{algorithm}"),
    benchmark:
        layout.benchmark("calibrate", "fresh/{family}-{algorithm}")
    wildcard_constraints:
        family=NAME,
        algorithm=NAME,
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=needed(fresh, "mem_mb"),
        runtime=needed(fresh, "runtime"),
    params:
        work=lambda w: plain([fresh(w).work]),
    script:
        "../scripts/job.py"
