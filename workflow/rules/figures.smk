# Figures and tables: each an entry in config.yaml that names its module and its inputs.


# Draw one figure.
rule figure:
    input:
        unpack(lambda w: config["figures"][w.product]["inputs"]),
    output:
        png=report(
            "<results>/figures/{product}.png",
            caption="../report/figure.rst",
            category="Figures",
            subcategory=lambda w: config["figures"][w.product]["target"],
            labels={"figure": "{product}"},
        ),
        pdf="<results>/figures/{product}.pdf",
    log:
        "<logs>/figure/{product}.log",
    benchmark:
        "<benchmarks>/figure/{product}.tsv"
    localrule: True
    params:
        entry=lambda w: config["figures"][w.product],
        code=lambda w: codes.product_code("figures", config["figures"][w.product]["draw"]),
    script:
        "../scripts/figure.py"


# Build one table.
rule table:
    input:
        unpack(lambda w: config["tables"][w.product]["inputs"]),
    output:
        csv=report(
            "<results>/tables/{product}.csv",
            caption="../report/table.rst",
            category="Tables",
            subcategory=lambda w: config["tables"][w.product]["target"],
            labels={"table": "{product}"},
        ),
        md="<results>/tables/{product}.md",
    log:
        "<logs>/table/{product}.log",
    benchmark:
        "<benchmarks>/table/{product}.tsv"
    localrule: True
    params:
        entry=lambda w: config["tables"][w.product],
        code=lambda w: codes.product_code("tables", config["tables"][w.product]["draw"]),
    script:
        "../scripts/table.py"
