"""`emmoe fit` and its kin: a table in; a model, predictions, a page out; mistakes in one line."""

import json
import signal
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from test_tables_of_users import mangled

from emmoe.__main__ import main
from emmoe.commands import _described, _fits, fit
from emmoe.mixture import search
from emmoe.mixture.estimators import saved
from emmoe.mixture.watch import STOPPING
from emmoe.store.errors import DataError

N = 200


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    x, colour = rng.uniform(-1, 1, N), rng.choice(["blue", "red"], N)
    steep = rng.random(N) < 1 / (1 + np.exp(-3 * x))
    y = np.where(steep, 3, -1) * x + 0.1 * rng.standard_normal(N) + (colour == "red")
    return pd.DataFrame({"y": y, "x": x, "colour": colour, "kind": np.where(y > 0, "up", "down")})


@pytest.fixture(scope="module")
def fitted(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    table.to_csv(folder / "data.csv", index=False)
    options = ["--features", "x,colour", "--categorical", "colour", "--starts", "4"]
    command = ["fit", str(folder / "data.csv"), "--target", "y", *options]
    main([*command, "--experts", "1:2", "--out", str(folder / "model.json")])
    return folder


def ended(*arguments):
    """What a command ends with: its status, or its line."""
    try:
        main(list(map(str, arguments)))
    except SystemExit as end:
        return end.code
    return 0


def test_fit_prints_status_choice_coefficients_and_optima(table, fitted, capsys):
    said = ["--features", "x,colour", "--categorical", "colour", "--starts", "4"]
    out = ["--out", fitted / "other.json"]
    assert ended("fit", fitted / "data.csv", "--target", "y", *said, *out) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("2 experts for y: maximum, a certified maximum")
    for part in ("log-likelihood", "by number of experts", "colour[red]", "optima of 4 starts"):
        assert part in shown


def test_loaded_model_predicts_the_same_to_the_last_bit(table, fitted):
    model = saved.load(fitted / "model.json")
    assert model.estimator.n_experts == 2
    assert [row["n_experts"] for row in model.tried] == [1, 2]
    saved.save(model, fitted / "again.json")
    assert (fitted / "again.json").read_bytes() == (fitted / "model.json").read_bytes()
    pd.testing.assert_frame_equal(
        saved.load(fitted / "again.json").estimator.summary(), model.estimator.summary()
    )


def test_predictions_are_the_estimator_s(table, fitted, capsys):
    assert ended("predict", fitted / "model.json", fitted / "data.csv", "--level", "0.9") == 0
    out = pd.read_csv(pd.io.common.StringIO(capsys.readouterr().out))
    model = saved.load(fitted / "model.json")
    x = pd.DataFrame(model.coding.features(table), columns=list(model.coding.names))
    np.testing.assert_allclose(out["prediction"], model.estimator.predict(x), rtol=1e-12)
    np.testing.assert_allclose(
        out[["low", "high"]], model.estimator.predict_interval(x, 0.9), rtol=1e-12
    )
    np.testing.assert_allclose(out[["expert 1", "expert 2"]].sum(axis=1), 1)


def test_predictions_do_not_hang_on_the_order_of_columns(table, fitted):
    table[["colour", "x"]].to_csv(fitted / "turned.csv", index=False)
    for name in ("data", "turned"):
        out = fitted / f"{name}-out.csv"
        assert ended("predict", fitted / "model.json", fitted / f"{name}.csv", "--out", out) == 0
    assert (fitted / "data-out.csv").read_bytes() == (fitted / "turned-out.csv").read_bytes()


def test_text_targets_are_classes(fitted, capsys):
    said = ["--target", "kind", "--features", "x", "--experts", "1", "--out", fitted / "c.json"]
    assert ended("fit", fitted / "data.csv", *said) == 0
    assert ended("predict", fitted / "c.json", fitted / "data.csv") == 0
    assert "prediction,p[down],p[up],expert 1" in capsys.readouterr().out


def test_other_status_ends_with_3_and_says_what_to_do(tmp_path, capsys):
    x = np.linspace(-1, 1, 40)
    y = np.where(x < 0, 2 * x, -x) + 0.01 * np.sin(50 * x)
    pd.DataFrame({"y": y, "x": x}).to_csv(tmp_path / "data.csv", index=False)
    out = tmp_path / "model.json"
    assert ended("fit", tmp_path / "data.csv", "--target", "y", "--out", out) == 3
    shown = capsys.readouterr().out
    assert "2 experts for y: separable" in shown
    assert "what to do: " in shown and "Use fewer experts or fewer columns of the gate" in shown
    assert saved.load(out).estimator.status_ == "separable"


MISTAKES = {
    "no such file": (["lost.csv", "--target", "y"], "lost.csv: cannot be read"),
    "no such target": (["data.csv", "--target", "z"], "target: the table has no column 'z'"),
    "text": (["data.csv", "--target", "y"], "column colour: is text"),
    "no such gate": (
        ["data.csv", "--target", "y", "--features", "x", "--gate", "xx"],
        "--gate: no column of the features is named 'xx': did you mean 'x'",
    ),
    "text as numbers": (
        ["data.csv", "--target", "kind", "--features", "x", "--family", "gaussian"],
        "column kind: is text",
    ),
    "numbers as classes": (
        ["data.csv", "--target", "y", "--features", "x", "--family", "classes"],
        "too many for classes",
    ),
    "negative counts": (
        ["data.csv", "--target", "y", "--features", "x", "--family", "poisson"],
        "poisson",
    ),
    "no weights": (
        ["data.csv", "--target", "y", "--features", "x", "--weights", "n"],
        "weights: the table has no column 'n'",
    ),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_mistake_is_told_in_one_line(kind, fitted, monkeypatch):
    monkeypatch.chdir(fitted)
    arguments, said = MISTAKES[kind]
    line = ended("fit", *arguments, "--out", "no.json")
    assert line.startswith("error: ")
    assert said in line
    assert "\n" not in line
    assert not (fitted / "no.json").exists()


def target_of(values, folder):
    """Write a table with a covariate and a target of some values; return its path."""
    path = folder / "data.csv"
    x = np.random.default_rng(0).standard_normal(len(values)).round(3)
    pd.DataFrame({"size": x, "growth": values}).to_csv(path, index=False)
    return path


DRAWN = np.random.default_rng(1).standard_normal(60).round(3).astype(str).tolist()
TARGETS = {
    "a text among numbers": ([*DRAWN, "abc"], [], "column growth: 'abc' in row 61 is no number"),
    "names": ([f"row {i}" for i in range(60)], [], "60 values in 60 rows, too many for classes"),
    "dates": ([f"2020-01-{i % 28 + 1}" for i in range(30)], [], "is it the target?"),
    "whole numbers as classes": (range(60), ["--family", "classes"], "take --family gaussian"),
    "one class": (["a"] * 30, [], "column growth: y has one class only"),
    "counts below zero": (range(-5, 25), ["--family", "poisson"], "column growth: family poisson"),
}


@pytest.mark.parametrize("kind", TARGETS)
def test_target_that_cannot_be_meant_is_told_by_its_name(kind, tmp_path):
    values, options, said = TARGETS[kind]
    out = ["--out", tmp_path / "model.json"]
    line = ended("fit", target_of(values, tmp_path), "--target", "growth", *options, *out)
    assert line.startswith("error: ")
    assert said in line
    assert "\n" not in line


def test_few_whole_numbers_are_fitted_with_a_note_and_truths_as_classes(tmp_path, capsys):
    out = ["--starts", "2", "--out", tmp_path / "model.json"]
    told = [("0 and 1", [0, 1, 1, 0] * 15), ("truths", [True, False, True, False] * 15)]
    for kind, values in told:
        end = ended("fit", target_of(values, tmp_path), "--target", "growth", *out)
        assert end in (0, 3)
        said = "growth has 2 values, fitted as numbers: --family" in capsys.readouterr().err
        assert said == (kind == "0 and 1")
        assert hasattr(saved.load(tmp_path / "model.json").estimator, "classes_") != said


def test_no_starts_are_refused_by_the_options_name(tmp_path, capsys):
    path = target_of(DRAWN, tmp_path)
    assert ended("fit", path, "--target", "growth", "--starts", "0") == 2
    assert "argument --starts: '0' is not a whole number of 1 or more" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["y,x\n1,2\n", "y\n1\n2\n"])
def test_one_row_or_no_column_is_refused(content, tmp_path):
    (tmp_path / "data.csv").write_text(content, encoding="utf-8")
    line = ended("fit", tmp_path / "data.csv", "--target", "y")
    assert line.endswith("a fit needs at least 2 rows and 1 column")


@pytest.mark.parametrize("seed", range(4))
def test_fit_of_a_bad_table_ends_with_a_status_or_a_line(seed, tmp_path, capsys):
    """Also where what is left of a table is a few rows, repeated ones, or a constant."""
    rng = np.random.default_rng(100 + seed)
    for _ in range(15):
        (tmp_path / "data.csv").write_bytes(mangled(rng))
        out = ["--out", tmp_path / "model.json", "--starts", "2"]
        end = ended("fit", tmp_path / "data.csv", "--target", "y", *out)
        assert end in (0, 3) or (end.startswith("error: ") and end.isprintable())


@pytest.mark.parametrize("experts", ["0", "3:2", "two", "1:99", ""])
def test_numbers_of_experts_are_checked(experts, fitted, capsys):
    assert ended("fit", fitted / "data.csv", "--target", "y", "--experts", experts) == 2
    assert "a range such as 1:4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("at", "kept", "said"),
    [((2, 0), 1, "K = 1"), ((2, 3), 2, "K = 1, K = 2 (1 of 4 starts left undone)")],
)
def test_interruption_goes_on_with_what_is_done(at, kept, said, fitted, monkeypatch, capsys):
    """A real signal, before a start of K = 2 is done or after three of them."""
    short = search._short

    def interrupted(model, theta, index, rules):
        if (model.layout.experts, index) == at:
            signal.raise_signal(signal.SIGINT)
        return short(model, theta, index, rules)

    monkeypatch.setattr(search, "_short", interrupted)
    options = ["--features", "x", "--experts", "1:3", "--starts", "4"]
    out = fitted / "part.json"
    assert ended("fit", fitted / "data.csv", "--target", "y", *options, "--out", out) == 0
    shown = capsys.readouterr()
    assert shown.err == f"{STOPPING}\ngoing on with what is done: {said}\n"
    assert ("warning: interrupted: 1 starts were left undone" in shown.out) == (kept == 2)
    model = saved.load(out)
    assert [row["n_experts"] for row in model.tried] == list(range(1, kept + 1))
    assert model.estimator.n_experts == kept
    assert model.estimator.starts_left_ == (kept == 2)


@pytest.mark.parametrize("asked", [4, 1])
def test_second_interruption_ends_the_command(asked, fitted, monkeypatch, capsys):
    """Also where K = 1 is done: what is kept of K = 2 is described when it comes."""
    fits_of = import_module("emmoe.mixture.fit")
    described = fits_of.describe

    def interrupted(*given):
        if given[1].layout.experts == 2:
            signal.raise_signal(signal.SIGINT)
        return described(*given)

    short = search._short

    def first(model, theta, index, rules):
        if (model.layout.experts, index) == (2, 1):
            signal.raise_signal(signal.SIGINT)
        return short(model, theta, index, rules)

    monkeypatch.setattr(fits_of, "describe", interrupted)
    if asked > 1:
        monkeypatch.setattr(search, "_short", first)
    options = ["--features", "x", "--experts", "1:3", "--starts", str(asked)]
    out = fitted / "second.json"
    end = ended("fit", fitted / "data.csv", "--target", "y", *options, "--out", out)
    assert (end == "interrupted") == (asked > 1)
    assert out.exists() == (asked == 1)
    assert ("going on with what is done: K = 1\n" in capsys.readouterr().err) == (asked == 1)


def test_interruption_before_anything_is_done_ends_the_command(fitted, monkeypatch):
    monkeypatch.setattr(fit, "_fitted", lambda *_: signal.raise_signal(signal.SIGINT))
    assert ended("fit", fitted / "data.csv", "--target", "y", "--features", "x") == "interrupted"


def test_who_waits_is_told_the_time_left(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(_fits.time, "monotonic", lambda: clock[0])
    waiting = _fits._Waiting([1, 2], 4)  # 1 and 16 units of work
    assert waiting.line(2.0) == "2 s so far"
    clock[0] = 2.0
    waiting.for_(lambda number, watch: None, 1, None)
    assert waiting.line(4.0) == "4 s so far, about 30 s left"  # 2 s for 1 of 17, 2 s gone

    def half_done(number, watch):
        clock[0] = 11.0
        waiting.share(0.5)
        assert waiting.line(13.0) == "13 s so far, about 8 s left"  # 11 s for 9 of 17
        clock[0] = 21.0

    waiting.for_(half_done, 2, None)
    assert waiting.line(21.0) == "21 s so far, about 1 s left"


def test_small_numbers_have_digits_and_dropped_columns_say_so(table, tmp_path, capsys):
    """Units of 1e-6 of y and 1e6 of x; a column that another one determines."""
    small = table[["y", "x"]] * [1e-6, 1e6]
    small.assign(again=2 * small["x"]).to_csv(tmp_path / "data.csv", index=False)
    out = ["--starts", "4", "--out", tmp_path / "model.json"]
    assert ended("fit", tmp_path / "data.csv", "--target", "y", *out) == 0
    shown = capsys.readouterr().out
    own = saved.load(tmp_path / "model.json").estimator
    assert own.dropped_features_ == {"gate": ("again",), "experts": ("again",)}
    slopes = own.summary().query("block == 'expert' and feature == 'x'")
    for name in ("estimate", "se", "low", "high"):
        assert all(f"{number:.4g}" in shown for number in slopes[name])
    assert abs(slopes["estimate"]).max() < 1e-11
    rows = [line.split() for line in shown.splitlines() if " again " in line]
    assert [row[3:] for row in rows] == [["dropped", *"-----"[:4]]] * 3


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (1.5, "1.5000"), (0.0, "0.0000"), (-0.0123, "-0.0123"), (1.234e-9, "1.234e-09"),
        (-4.5e12, "-4.5e+12"), (float("nan"), "-"), (None, "-"), (float("inf"), "inf"),
        (7, "7"), ("x", "x"),
    ],
)  # fmt: skip
def test_cell_has_decimals_or_digits(cell, said):
    assert _described._cell(cell) == said


def test_later_table_without_a_column_is_refused(table, fitted):
    table[["x"]].to_csv(fitted / "short.csv", index=False)
    line = ended("predict", fitted / "model.json", fitted / "short.csv")
    assert line == "error: features: the table has no column 'colour': known are x"


def rewritten(path, **changes):
    """A model with other entries, and a checksum that fits them."""
    body = json.loads(path.read_text(encoding="utf-8")) | changes
    del body["checksum"]
    return json.dumps(body | {"checksum": saved._checksum(body)})


def test_model_of_before_starts_were_counted_is_read(fitted, tmp_path):
    body = json.loads((fitted / "model.json").read_text(encoding="utf-8"))
    del body["fit"]["starts_left"], body["parameters"]["interruptible"]
    (tmp_path / "old.json").write_text(
        rewritten(fitted / "model.json", fit=body["fit"], parameters=body["parameters"]),
        encoding="utf-8",
    )
    own = saved.load(tmp_path / "old.json").estimator
    assert (own.starts_left_, own.interruptible) == (0, False)


DAMAGED = {
    "truncated": (lambda path: path.read_text()[:-100], "cut short"),
    "edited": (lambda path: path.read_text().replace('"n_init": 4', '"n_init": 5'), "edited"),
    "newer": (lambda path: rewritten(path, version=2), "version 2, this emmoe reads up to 1"),
    "not ours": (lambda path: '{"a": 1}', "no model of emmoe"),
    "a list": (lambda path: "[]", "no model of emmoe"),
    "no text": (lambda path: "\0", "no model"),
    "another kind": (lambda path: rewritten(path, kind="os.system"), "do not fit together"),
    "other shapes": (lambda path: rewritten(path, fit={}), "do not fit together"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_model_that_cannot_be_trusted_is_refused(kind, fitted, tmp_path):
    change, said = DAMAGED[kind]
    (tmp_path / "model.json").write_text(change(fitted / "model.json"), encoding="utf-8")
    line = ended("predict", tmp_path / "model.json", fitted / "data.csv")
    assert line.startswith("error: ")
    assert said in line


@pytest.mark.parametrize("seed", range(4))
def test_no_part_of_a_model_can_be_changed_unseen(seed, fitted, tmp_path):
    """With a checksum that fits, 50 models with another entry are read, or refused in a line."""
    rng = np.random.default_rng(seed)
    path = tmp_path / "model.json"
    for _ in range(50):
        body = json.loads((fitted / "model.json").read_text(encoding="utf-8"))
        at = body["fit"] if rng.random() < 0.7 else body
        key = list(at)[rng.integers(len(at))]
        at[key] = [None, [], {}, "x", -1, {"number": "nan"}, [[0.0]], 1e300][rng.integers(8)]
        del body["checksum"]
        path.write_text(json.dumps(body | {"checksum": saved._checksum(body)}), encoding="utf-8")
        try:
            saved.load(path)
        except DataError as error:
            assert str(error).startswith(str(path))


@pytest.mark.parametrize("rows", [[], ["data.csv"]])
def test_page_shows_plots_and_warnings_and_needs_no_other_file(rows, fitted, monkeypatch, capsys):
    monkeypatch.chdir(fitted)
    assert ended("diagnose", "model.json", *rows, "--out", "page.html") == 0
    assert capsys.readouterr().out.startswith("maximum: The estimates can be used.")
    page = (fitted / "page.html").read_text(encoding="utf-8")
    assert page.count("<figure>") == (8 if rows else 5)
    for part in ("2 experts for y", "colour[red]", "The gate along x", "BIC over"):
        assert part in page
    assert "http" not in page.replace("http://www.w3.org", "")  # the names of SVG and of its links


def test_fit_writes_the_page_of_diagnose(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table.to_csv("data.csv", index=False)
    options = ["--target", "y", "--features", "x", "--starts", "2", "--page", "page.html"]
    assert ended("fit", "data.csv", *options) == 0
    assert ended("diagnose", "model.json", "data.csv") == 0
    pages = [(tmp_path / name).read_text(encoding="utf-8") for name in ("page.html", "model.html")]
    assert pages[0] == pages[1]


def test_names_on_a_page_are_text(table, tmp_path):
    wild = table[["y", "x"]].rename(columns={"x": "<script>alert(1)</script>"})
    wild.to_csv(tmp_path / "data.csv", index=False)
    out = tmp_path / "m.json"
    assert ended("fit", tmp_path / "data.csv", "--target", "y", "--starts", "2", "--out", out) == 0
    assert ended("diagnose", out) == 0
    assert "<script>" not in (tmp_path / "m.html").read_text(encoding="utf-8")
