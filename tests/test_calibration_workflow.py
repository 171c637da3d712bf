"""`calibrate` as Snakemake runs it, on the toy search of the symmetric model."""

import pandas as pd
import pytest
from workflow_helpers import Checkout

pytestmark = pytest.mark.slow
TARGET = "results/{}/calibration/calibrate.md"
PRODUCTS = [
    "bands.csv",
    "calibrate.md",
    "predictions.parquet",
    "scores.csv",
    "settings.csv",
    "stamp.json",
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A checkout in which the calibration without Fashion-MNIST is done, on two cores."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("finished") / "checkout")
    config = checkout.config()
    del config["calibration"]["fashion_mnist"]
    checkout.write_config(config)
    checkout.run(target=TARGET.format("smoke"))
    return checkout


def products(checkout, results):
    files = checkout.files(f"results/{results}/calibration/*")
    return {path.rpartition("/")[2]: content for path, content in files.items()}


def test_calibration_writes_its_tables(finished):
    assert sorted(products(finished, "smoke")) == sorted([*PRODUCTS, "provenance.json"])
    folder = finished.folder / "results" / "smoke" / "calibration"
    settings = pd.read_csv(folder / "settings.csv")
    assert settings["setting"].is_unique and set(settings["algorithm"]) == {
        "em", "gradient_em", "gradient_descent",
    }  # fmt: skip
    predictions = pd.read_parquet(folder / "predictions.parquet")
    assert set(predictions["setting"]) >= set(settings[settings["accepted"]]["setting"])
    assert set(predictions["curve_id"]) <= set(pd.read_csv(folder / "bands.csv")["curve_id"])


def test_second_run_does_nothing(finished):
    assert "Nothing to be done" in finished.run(target=TARGET.format("smoke"))


def test_calibration_does_not_depend_on_cores(finished, tmp_path):
    checkout = finished.copy(tmp_path / "checkout")
    config = checkout.config()
    config["folders"]["results"] = "results/one_core"
    checkout.write_config(config)
    checkout.run(cores=1, target=TARGET.format("one_core"))
    with_one, with_two = products(checkout, "one_core"), products(finished, "smoke")
    assert {name: with_one[name] for name in PRODUCTS} == {n: with_two[n] for n in PRODUCTS}
