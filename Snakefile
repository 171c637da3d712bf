# Regenerates, extends and audits "Learning Mixtures of Experts with EM" (ICML 2025).
# config -> grid -> draw / download -> fit -> summarise -> figures, tables, findings -> audit -> report
from snakemake.utils import min_version

min_version("9.19")


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/fit.smk"
include: "workflow/rules/contest.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/calibrate.smk"
include: "workflow/rules/findings.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/archive.smk"


# All that needs no download: a few minutes on a laptop.
rule figures:
    default_target: True
    input:
        products("figures"),
        audit("figures"),
        "<results>/report.html",


# The SNR grids in full: no download, about a quarter of an hour on two cores.
rule sweep:
    input:
        products("sweep"),


# All of it: the paper's full protocol, Fashion-MNIST included, and the SNR grids.
rule paper:
    input:
        products("figures"),
        products("sweep"),
        products("paper"),
        audit("paper"),
        "<results>/report.html",


# Every claim of the paper with a verdict: on Fashion-MNIST too, once it was fitted.
rule audit:
    input:
        audit(audit_scope()),


# The same, and fail if a verdict is worse than in results/reference.
rule audit_strict:
    input:
        audit(audit_scope()),
    log:
        "<logs>/audit/strict.log",
    localrule: True
    params:
        reference=f"{REFERENCE}/audit/audit.csv",
    script:
        "workflow/scripts/audit_strict.py"


# Search the settings that the paper does not state: an hour and a half's work for one core.
rule calibrate:
    input:
        "<results>/calibration/calibrate.md",
