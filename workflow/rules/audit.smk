# The audit: every claim of the paper beside our number, with a verdict; the report; the archive.
def widest_scope():
    """The widest audit of what is there: of all, once Fashion-MNIST was fitted, else of figures."""
    runs = [own.run for own in record.audit.runs.values() if own.target == "paper"]
    fits = [fit for name in runs for fit in Fit.of_all(record, name)]
    there = fits and all(Path(fit.provenance).is_file() for fit in fits)
    return "paper" if there else "figures"


# Judge all claims that a target's results bear on.
rule audit_scope:
    input:
        unpack(lambda w: asked(named(Audit, w.scope))),
    output:
        written(layout.audit("{scope}")),
    log:
        layout.log("audit", "{scope}"),
    benchmark:
        layout.benchmark("audit", "{scope}")
    localrule: True
    params:
        work=lambda w: plain([named(Audit, w.scope).work]),
    script:
        "../scripts/job.py"


# Try the theorems as printed on the runs of a target, and search for counterexamples.
rule theorems:
    input:
        unpack(lambda w: asked(named(Theorems, w.scope))),
    output:
        written(layout.theorems("{scope}")),
    log:
        layout.log("audit", "theorems-{scope}"),
    benchmark:
        layout.benchmark("audit", "theorems-{scope}")
    params:
        work=lambda w: plain([named(Theorems, w.scope).work]),
    script:
        "../scripts/job.py"


# Judge papers with a mistake in them, and papers without: what the audit's verdicts are worth.
rule audit_power_scope:
    input:
        unpack(lambda w: asked(named(AuditPower, w.scope))),
    output:
        written(layout.audit_power("{scope}")),
    log:
        layout.log("audit", "power-{scope}"),
    benchmark:
        layout.benchmark("audit", "power-{scope}")
    params:
        work=lambda w: plain([named(AuditPower, w.scope).work]),
    script:
        "../scripts/job.py"


# Recompute one claim's row from its own runs: `emmoe explain` prints the command.
rule audit_claim:
    input:
        unpack(lambda w: asked(named(Claim, w.claim))),
    output:
        written(layout.claim("{claim}")),
    log:
        layout.log("audit", "claims/{claim}"),
    localrule: True
    params:
        work=lambda w: plain([named(Claim, w.claim).work]),
    script:
        "../scripts/job.py"


# The audit, and fail if a verdict is worse than in the reference.
rule audit_strict:
    input:
        outputs(Audit(record, widest_scope())),
    log:
        layout.log("audit", "strict"),
    localrule: True
    params:
        now=layout.audit(widest_scope())["rows"],
        reference=layout.reference.audit("paper")["rows"],
    script:
        "../scripts/audit_strict.py"


@cache
def reported():
    """The report of the targets asked for, and at least of the figures."""
    asked = workflow.dag_settings.targets
    targets = [t for t in ("sweep", "paper") if t in asked or "paper" in asked]
    return Report(record, ("figures", *targets))


def where_to_look():
    """The last lines of a run that made the report."""
    if not {"figures", "paper"} & set(workflow.dag_settings.targets or ["figures"]):
        return []
    from emmoe.report.audit import load  # slow to load, and rarely needed

    judged = load(layout, Path(CLAIMS))
    looks = f"Look at {layout.report()['page']}, and at {layout.audit(widest_scope())['page']}"
    return [looks, *filter(None, [judged and judged.headline])]


def report_page():
    """The report, where there is one."""
    return list(layout.report().values()) if AUDITED else []


# Gather figures, tables, findings, audit, settings and provenance on one page.
rule report_html:
    input:
        unpack(lambda w: asked(reported())),
    output:
        written(layout.report()),
    log:
        layout.log("report", "report"),
    benchmark:
        layout.benchmark("report", "report")
    localrule: True
    params:
        work=lambda w: plain([reported().work]),
    script:
        "../scripts/job.py"


# Write the archive. It has no output to compare with, so it is written whenever it is asked for:
# the same bytes, where the results are the same.
rule archive:
    input:
        lambda w: [path for target in reported().targets for path in made_for(target)],
        report_page(),
    log:
        layout.log("archive", "archive"),
    localrule: True
    params:
        files=[str(file) for file in files],
        overrides=given.config,
    script:
        "../scripts/archive.py"
