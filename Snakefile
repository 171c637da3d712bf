# Regenerates, extends and audits "Learning Mixtures of Experts with EM" (ICML 2025).
# record -> download -> fit, contest, probe -> gather -> figures, tables, findings -> audit -> report
from snakemake.utils import min_version

min_version("9.19")


include: "workflow/rules/common.smk"
include: "workflow/rules/wanted.smk"
include: "workflow/rules/runs.smk"
include: "workflow/rules/products.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/calibrate.smk"


# All that needs no download: a few minutes on a laptop.
rule figures:
    default_target: True
    input:
        made_for("figures"),
        report_page(),


# The SNR grids in full: no download, about a quarter of an hour on two cores.
rule sweep:
    input:
        made_for("sweep"),


# All of it: the paper's full protocol, Fashion-MNIST included, and the SNR grids.
rule paper:
    input:
        made_for("figures"),
        made_for("sweep"),
        made_for("paper"),
        report_page(),


# Every claim of the paper with a verdict: on Fashion-MNIST too, once it was fitted.
rule audit:
    input:
        outputs(Audit(record, widest_scope())),


# What the audit notices in papers with a mistake, and says of papers without one.
rule audit_power:
    input:
        outputs(AuditPower(record, widest_scope())),


# Search the settings that the paper does not state: an hour and a half's work for one core.
rule calibrate:
    input:
        list(layout.calibration().values()),


# Simulate what won the kept search on fresh seeds, before anything is called reproduced.
rule confirm:
    input:
        [path for job in CalibrateFresh.every(record) for path in job.outputs.values()],
