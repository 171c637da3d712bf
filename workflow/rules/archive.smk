# The archive: all results that are there in one file, with what made them and checksums.
def archive_waits_for(wildcards):
    """Everything that the targets asked for make, at least the figures, and the report on them."""
    found = [file for target in report_targets() for file in products(target)]
    found += [file for target in report_targets() if target in SCOPES for file in audit(target)]
    return [*found, "<results>/report.html"]


# Write the archive. It has no output to compare with, so it is written whenever it is asked for:
# the same bytes, where the results are the same.
rule archive:
    input:
        archive_waits_for,
    log:
        "<logs>/archive.log",
    localrule: True
    params:
        path=f"{config['pathvars']['results']}/emmoe-archive.zip",
    script:
        "../scripts/archive.py"
