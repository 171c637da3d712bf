# Figures, tables and findings: all of a study that belong to one target in one process.
def made_for(target):
    """What a target makes: products, and the audit of what it made."""
    jobs = [job for batch in batches(record).values() for job in batch if job.task.target == target]
    jobs += [Audit(record, target)] if target in SCOPES and AUDITED else []
    return outputs(*jobs)


def shown(job):
    """A product's files as outputs, marked for Snakemake's own report."""
    first, *others = job.outputs.values()
    marked = report(
        first,
        caption="../report/product.rst",
        category=job.folder.capitalize(),
        subcategory=job.task.target,
        labels={job.folder[:-1]: job.product},
    )
    return [marked if job.folder != "findings" else first, *others, job.provenance]


for (study, target), jobs in batches(record).items():

    rule:
        name:
            f"{study}_{target}"
        input:
            together(jobs),
        output:
            [path for job in jobs for path in shown(job)],
        log:
            layout.log("products", f"{study}_{target}"),
        benchmark:
            layout.benchmark("products", f"{study}_{target}")
        priority: AWAITED
        localrule: True
        conda:
            ENVIRONMENT
        params:
            work=worked(jobs),
            drawn={job.name: job.source for job in jobs},
        script:
            "../scripts/job.py"
