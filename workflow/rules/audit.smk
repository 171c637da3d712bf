# The audit: every claim of the paper beside our number, with a verdict; the report; the archive.


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
    priority: AWAITED
    localrule: True
    conda:
        ENVIRONMENT
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
    priority: AWAITED
    conda:
        ENVIRONMENT
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
    conda:
        ENVIRONMENT
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
    conda:
        ENVIRONMENT
    params:
        work=lambda w: plain([named(Claim, w.claim).work]),
    script:
        "../scripts/job.py"


# The audit, and fail if a verdict is worse than in the reference.
rule audit_strict:
    input:
        outputs(Audit(record, widest_scope())),
        now=layout.audit(widest_scope())["rows"],
    log:
        layout.log("audit", "strict"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        reference=layout.reference.audit("paper")["rows"],
    script:
        "../scripts/audit_strict.py"


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
    conda:
        ENVIRONMENT
    threads: 2  # that pack its pictures
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
    conda:
        ENVIRONMENT
    params:
        files=[str(file) for file in files],
        overrides=given.config,
    script:
        "../scripts/archive.py"
