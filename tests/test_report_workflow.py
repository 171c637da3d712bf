"""The report as a target: what it waits for, what makes it again, and Snakemake's own report."""

import subprocess
import sys

import pytest
from workflow_helpers import EXPERIMENT, Checkout, environment

pytestmark = pytest.mark.slow
REPORT = "results/smoke/report.html"


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """A checkout after `figures`: one of its two figures belongs to the target `paper`."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("reported") / "checkout")
    checkout.set("replicates_per_block", 2)  # one block and one fitter: few jobs
    checkout.set("fitters", {"gradient_descent": {"algorithm": "gradient_descent", "step": 0.1}})
    config = checkout.config()
    few = {name: config[name] for name in ("folders", "seed")}
    few["experiments"] = {EXPERIMENT: config["experiments"][EXPERIMENT]}
    figures = {name: config["figures"][name] for name in ("figure_1", "figure_2")}
    figures["figure_1"]["curves"] = figures["figure_2"]["curves"] = {"gradient_descent": "GD"}
    figures["figure_2"]["target"] = "paper"
    checkout.write_config(few | {"figures": figures, "tables": {}})
    checkout.run(target="figures")
    return checkout


@pytest.fixture
def checkout(reported, tmp_path):
    """A copy of it, to change."""
    return reported.copy(tmp_path / "checkout")


def page(checkout):
    return (checkout.folder / REPORT).read_text()


def test_report_of_the_figures_shows_them_and_names_what_paper_makes(reported):
    assert 'id="figure-figure_1"' in page(reported)
    assert "<code>make paper</code> makes figure figure_2." in page(reported)


def test_paper_waits_for_its_own_figures_and_then_all_is_done(checkout):
    assert "report_html" in checkout.run(target="paper")
    assert 'id="figure-figure_2"' in page(checkout)
    assert "Nothing to be done" in checkout.run(target="paper")


def test_figures_keeps_showing_what_another_target_made(checkout):
    path = checkout.folder / "results/smoke/figures/figure_2.png"
    path.write_bytes((path.parent / "figure_1.png").read_bytes())
    checkout.run(target="figures")
    assert 'id="figure-figure_2"' in page(checkout)
    assert "Nothing to be done" in checkout.run(target="figures")


def test_snakemakes_own_report_has_captions_and_labels(reported):
    reported.run("--report", "own.html", target="figures")
    text = (reported.folder / "own.html").read_text()
    assert "Drawn by" in text and "src/emmoe/figures/figure_1.py" in text
    assert '"figure": "figure_1"' in text


def test_archive_of_the_figures_verifies_and_is_written_the_same_again(checkout):
    path = checkout.folder / "results/smoke/emmoe-archive.zip"
    assert "emmoe-archive.zip: SHA-256" in checkout.run(target="archive")
    first = path.read_bytes()
    path.unlink()
    checkout.run(target="archive")
    assert path.read_bytes() == first
    command = [sys.executable, "-m", "emmoe", "verify", str(path), "--recompute", "1"]
    process = subprocess.run(
        command, cwd=checkout.folder, env=environment(), capture_output=True, text=True, check=True
    )
    outcomes = process.stdout.partition("recompute ")[2].splitlines()[1:]
    assert f"fit/{EXPERIMENT}/gradient_descent" in outcomes[0]
    made_again = {line.split()[1].split("/")[0] for line in outcomes}
    assert made_again == {"fit", "gather", "product", "audit"}
    assert all(line.startswith("same ") for line in outcomes)
