# Regenerates, extends and audits "Learning Mixtures of Experts with EM" (ICML 2025).
# config -> grid -> draw / download -> fit -> summarise -> figures, tables, findings -> report
from snakemake.utils import min_version

min_version("9.19")


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/fit.smk"
include: "workflow/rules/contest.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/calibrate.smk"
include: "workflow/rules/findings.smk"
include: "workflow/rules/report.smk"


# All that needs no download: a few minutes on a laptop.
rule figures:
    default_target: True
    input:
        products("figures"),
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
        "<results>/report.html",


# Search the settings that the paper does not state: an hour's work for one core.
rule calibrate:
    input:
        "<results>/calibration/calibrate.md",
