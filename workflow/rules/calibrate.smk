# The calibration: settings searched in parts, then gathered.
CALIBRATION = "<results>/calibration"


def calibration():
    """The module of its tasks, imported where it is needed alone: that takes half a second."""
    from emmoe.calibration import tasks

    return tasks


def calibration_parts(kind, only=None):
    """Files of all parts, or of one stage's."""
    return [
        f"{CALIBRATION}/parts/{family}/{stage}-{number}.{kind}"
        for (family, stage), count in calibration().counts(config).items()
        for number in range(count)
        if only in (None, stage)
    ]


def calibration_task(wildcards):
    return calibration().task(config, wildcards.family, wildcards.stage, int(wildcards.part))


def calibration_inputs(wildcards):
    """The readings and, where a part needs them, downloads and the data settings kept."""
    settings = config["calibration"][wildcards.family]
    files = {"reported": settings["reported"]}
    files["downloads"] = [f"<downloads>/{f}" for f in calibration().files(config, wildcards.family)]
    if wildcards.stage == "steps":
        files["kept"] = f"{CALIBRATION}/parts/symmetric_linear/kept.json"
    return files


# Simulate and score a part of the settings.
rule calibrate_part:
    input:
        unpack(calibration_inputs),
    output:
        scores=f"{CALIBRATION}/parts/{{family}}/{{stage}}-{{part}}.json",
        predictions=f"{CALIBRATION}/parts/{{family}}/{{stage}}-{{part}}.parquet",
        provenance=f"{CALIBRATION}/parts/{{family}}/{{stage}}-{{part}}.provenance.json",
    log:
        "<logs>/calibrate/{family}/{stage}-{part}.log",
    benchmark:
        "<benchmarks>/calibrate/{family}/{stage}-{part}.tsv"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * demand.OF_LONG["mem_mb"],
        runtime=lambda w, attempt: attempt * demand.OF_LONG["runtime"],
    params:
        task=calibration_task,
        code=lambda w: calibration().code(config, w.family),
    script:
        "../scripts/calibrate_part.py"


# Keep some of the accepted data settings, at which the steps are searched.
rule calibrate_keep:
    input:
        lambda w: calibration_parts("json", "data"),
    output:
        f"{CALIBRATION}/parts/symmetric_linear/kept.json",
    log:
        "<logs>/calibrate/symmetric_linear/kept.log",
    benchmark:
        "<benchmarks>/calibrate/symmetric_linear/kept.tsv"
    localrule: True
    params:
        points=lambda w: calibration().points(config),
        kept=lambda w: config["calibration"]["symmetric_linear"]["data"]["kept"],
        code=provenance.code_hash("emmoe.calibration.space"),
    script:
        "../scripts/calibrate_keep.py"


# Gather all parts into tables and a page.
rule calibrate_gather:
    input:
        scores=lambda w: calibration_parts("json"),
        predictions=lambda w: calibration_parts("parquet"),
        provenances=lambda w: calibration_parts("provenance.json"),
        reported=lambda w: [f["reported"] for f in calibration().families(config).values()],
    output:
        settings=f"{CALIBRATION}/settings.csv",
        scores=f"{CALIBRATION}/scores.csv",
        predictions=f"{CALIBRATION}/predictions.parquet",
        bands=f"{CALIBRATION}/bands.csv",
        calibrate=f"{CALIBRATION}/calibrate.md",
        provenance=f"{CALIBRATION}/provenance.json",
    log:
        "<logs>/calibrate/gather.log",
    benchmark:
        "<benchmarks>/calibrate/gather.tsv"
    localrule: True
    params:
        families=lambda w: calibration().families(config),
        code=provenance.code_hash("emmoe.calibration.report", "emmoe.calibration.readings"),
    script:
        "../scripts/calibrate_gather.py"
