# The audit: every claim of the paper beside our number, with a verdict.
REFERENCE = f"{config['pathvars']['results']}/reference"


SCOPES = ("figures", "paper")  # targets with an audit of what they make


wildcard_constraints:
    scope="|".join(SCOPES),
    claim="[a-z][a-z0-9_]*",


def audit(scope):
    """Files of the audit of what a target makes."""
    return [f"<results>/audit/{scope}/{name}" for name in ("audit.csv", "curves.csv", "audit.md")]


def audit_scope():
    """The widest audit of what is there: of all, once Fashion-MNIST was fitted, else of figures."""
    paper = [e["run"] for e in config["audit"]["runs"].values() if e["target"] == "paper"]
    folder = Path(config["pathvars"]["results"]) / "traces"
    return "paper" if all((folder / name).is_dir() for name in paper) else "figures"


def audited(needs):
    """Inputs of an audit: the claims, the calibration where there is one, and our runs."""
    calibration = [f"{REFERENCE}/calibration/{name}" for name in plan.CALIBRATION]
    return plan.inputs(config, needs, "<results>") | {
        "claims": reported.FILE,
        "calibration": [path for path in calibration if Path(path).is_file()],
    }


def claim_needs(wildcards):
    with told():
        claims = reported.load(jobs.read_input(reported.FILE))
        return plan.of_claim(config, reported.find(claims, wildcards.claim))


AUDIT_CODE = provenance.code_hash("emmoe.audit.job")
AUDIT_SETTINGS = {key: config.get(key) for key in ("audit", "calibration", "seed")}


def changed(wildcards):
    """Results that were changed after they were written: the audit is made again to name them."""
    return plan.changed(config, plan.of_scope(config, wildcards.scope))


# Judge all claims that a target's results bear on.
rule audit_scope:
    input:
        unpack(lambda w: audited(plan.of_scope(config, w.scope))),
    output:
        csv="<results>/audit/{scope}/audit.csv",
        curves="<results>/audit/{scope}/curves.csv",
        md="<results>/audit/{scope}/audit.md",
    log:
        "<logs>/audit/{scope}.log",
    benchmark:
        "<benchmarks>/audit/{scope}.tsv"
    localrule: True
    params:
        changed=changed,
        settings=AUDIT_SETTINGS,
        code=AUDIT_CODE,
    script:
        "../scripts/audit.py"


# Recompute one claim's row from its own runs: `emmoe explain` prints the command.
rule audit_claim:
    input:
        unpack(lambda w: audited(claim_needs(w))),
    output:
        "<results>/audit/claims/{claim}.csv",
    log:
        "<logs>/audit/claims/{claim}.log",
    benchmark:
        "<benchmarks>/audit/claims/{claim}.tsv"
    localrule: True
    params:
        settings=AUDIT_SETTINGS,
        code=AUDIT_CODE,
    script:
        "../scripts/audit_claim.py"
