"""The command that recomputes one claim: the report shows it, and `emmoe explain` ends with it."""

from collections.abc import Sequence

from emmoe.store.layout import Layout

CONFIG = "config.yaml"
THEOREM = "theorem"  # kind of a claim that no fit is behind


def recompute(layout: Layout, claim_id: str, kind: str, files: Sequence[str] = (CONFIG,)) -> str:
    """Return the command that recomputes just one claim, of a kind as the table of claims has it;
    files: of the config."""
    own = [file for file in files if file != CONFIG]
    options = f" --configfile {' '.join(own)}" if own else ""
    target = layout.claim(claim_id)["row"]
    job = "theorems" if kind == THEOREM else "fit"
    return f".venv/bin/snakemake {target} --cores 2 --forcerun {job}{options}"
