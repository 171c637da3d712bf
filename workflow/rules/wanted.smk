# What the rules of the other files ask for by their wildcards, and what of the audit is there.


def fetched(wildcards):
    """Have a file fetched again that is not what it must be; one that lacks is fetched if a job that
    is due reads it."""
    path = layout.download(f"{wildcards.dataset}/{wildcards.file}")
    wanted = record.downloads[wildcards.dataset].files[wildcards.file].sha256
    if workflow.is_main_process and Path(path).is_file() and file_hash(path) != wanted:
        workflow.dag.forcefiles.add(path)
    return []


def fit(wildcards):
    return named(Fit, wildcards.experiment, wildcards.fitter, wildcards.block)


def contest(wildcards):
    return named(Contest, wildcards.contest)


def probe(wildcards):
    return named(Probe, wildcards.probe)


def gather(wildcards):
    return named(Gather, wildcards.experiment)


def part(wildcards):
    return named(Calibrate, wildcards.family, wildcards.stage, int(wildcards.part))


def kept(wildcards):
    return named(CalibrateKeep, wildcards.family)


def fresh(wildcards):
    return named(CalibrateFresh, wildcards.family, wildcards.algorithm)


def widest_scope():
    """The widest audit of what is there: of all, once Fashion-MNIST was fitted, else of figures."""
    runs = [own.run for own in record.audit.runs.values() if own.target == "paper"]
    fits = [fit for name in runs for fit in Fit.of_all(record, name)]
    there = fits and all(Path(fit.provenance).is_file() for fit in fits)
    return "paper" if there else "figures"


@cache
def reported():
    """The report of the targets asked for, and at least of the figures."""
    asked = workflow.dag_settings.targets
    targets = [t for t in ("sweep", "paper") if t in asked or "paper" in asked]
    return Report(record, ("figures", *targets))


def where_to_look():
    """The last lines of a run that made the report."""
    if not AUDITED or not {"figures", "paper"} & set(workflow.dag_settings.targets or ["figures"]):
        return []
    from emmoe.report.audit import load  # slow to load, and rarely needed

    judged = load(layout, Path(CLAIMS))
    looks = f"Look at {layout.report()['page']}, and at {layout.audit(widest_scope())['page']}"
    return [looks, *filter(None, [judged and judged.headline])]


def report_page():
    """The report, where there is one."""
    return list(layout.report().values()) if AUDITED else []
