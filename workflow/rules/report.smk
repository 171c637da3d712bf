# The report: one HTML file that shows all results that are there.
def report_targets():
    """Targets whose results the report waits for: those asked for, and at least the figures."""
    asked = workflow.dag_settings.targets
    full = "paper" in asked
    return ["figures"] + [t for t in ("sweep", "paper") if t in asked or full]


def report_shows(wildcards):
    """What the report is made from, of its targets; it shows other results as they are."""
    targets = report_targets()
    found = [file for target in targets for file in products(target)]
    found += [file for target in targets if target in SCOPES for file in audit(target)]
    shown = [file for file in found if not file.endswith((".pdf", ".md"))]
    return shown + report_origins.behind(config, targets, "<results>")


def report_state(wildcards):
    """A hash of what the report shows beside its inputs. Not a function of `input`: of params that
    are, Snakemake keeps no record to compare with."""
    results = config["pathvars"]["results"]
    declared = [file.replace("<results>", results) for file in report_shows(wildcards)]
    return report_build.fingerprint(config, declared)


# Gather figures, tables, findings, audit, settings and provenance on one page.
rule report_html:
    input:
        report_shows,
    output:
        "<results>/report.html",
    log:
        "<logs>/report.log",
    benchmark:
        "<benchmarks>/report.tsv"
    localrule: True
    params:
        shown=report_state,
        code=provenance.code_hash("emmoe.report.build"),
    script:
        "../scripts/report.py"
