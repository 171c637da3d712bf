"""What is made again from an archive shows a number that was forged, however well."""

import json
from io import BytesIO
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
import yaml
from archive_helpers import (
    TRACE,
    corrected,
    make,
    members,
    pack,
    rich,
    sealed,
    verify,
    write,
)
from campaign import CASES

from benchmarks.measure import resident
from emmoe.archive import again, bounds, compare, recompute
from emmoe.archive.compare import difference
from emmoe.archive.reader import opened
from emmoe.archive.verify import archived_record, escaped
from emmoe.jobs.gather import Gather
from emmoe.record import read
from emmoe.store.errors import DataError

FORGED = {
    "gather/small": "results/summaries/small.csv",
    "product/tables/certificate": "results/tables/certificate.csv",
    "product/findings/f1": "results/findings/f1.json",
    "product/figures/figure_2": "results/figures/figure_2.png",
    "audit/figures": "results/audit/figures/audit.csv",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The files of the archive of a run with all kinds of products, a probe and an audit."""
    folder = tmp_path_factory.mktemp("run")
    content = rich(folder / "results")
    make(content)
    write(content, folder / "archive.zip")
    return members(folder / "archive.zip")


def differing(lines):
    """The jobs that came out another way."""
    return {line.split()[1].rstrip(":") for line in lines if line.startswith("differs")}


def altered(content, change):
    """An archive's files with a change to a trace."""
    trace = pd.read_parquet(BytesIO(content[TRACE]))
    trace.loc[2, "loss"] = change(trace.loc[2, "loss"])
    data = BytesIO()
    trace.to_parquet(data, index=False)
    return content | {TRACE: data.getvalue()}


@pytest.mark.slow
def test_everything_made_from_runs_is_made_again(whole, tmp_path, capsys):
    pack(tmp_path / "whole.zip", whole)
    lines, error = verify(tmp_path / "whole.zip", "--recompute", "1", capsys=capsys)
    assert error is None
    same = {line.split()[1].rstrip(":") for line in lines if line.startswith("same")}
    assert set(FORGED) < same and len(same) == len(FORGED) + 1


@pytest.mark.slow
def test_forged_results_are_found_though_all_checksums_agree(whole, tmp_path, capsys):
    forged = {
        name: whole[name] + b"x" if name.endswith("png") else whole[name].replace(b"0", b"1", 1)
        for name in FORGED.values()
    }
    assert all(forged[name] != whole[name] for name in forged)
    pack(tmp_path / "forged.zip", corrected(whole | forged))
    assert verify(tmp_path / "forged.zip", capsys=capsys)[1] is None
    lines, error = verify(tmp_path / "forged.zip", "--recompute", "1", capsys=capsys)
    assert differing(lines) == set(FORGED)
    assert "5 of the checks above failed" in error
    for job, name in FORGED.items():
        assert any(line.startswith("differs") and f"{job}: {name}: " in line for line in lines)


@pytest.mark.slow
def test_forged_trace_is_found_by_its_fit_and_by_its_summary(whole, tmp_path, capsys):
    pack(tmp_path / "forged.zip", corrected(altered(whole, lambda loss: loss + 1e-12)))
    assert verify(tmp_path / "forged.zip", capsys=capsys)[1] is None
    lines, error = verify(tmp_path / "forged.zip", "--recompute", "4", capsys=capsys)
    (line,) = [line for line in lines if line.startswith("differs") and "fit/" in line]
    assert f"{TRACE}: loss is " in line and "replicate 0, iteration 2" in line
    assert "gather/small" in differing(lines) and error


def test_fits_are_drawn_anew_and_the_seed_that_repeats_them_is_printed(
    whole, tmp_path, capsys, monkeypatch
):
    drawn = []
    monkeypatch.setattr(recompute, "recompute", lambda *given: drawn.append(given[3]) or ())
    pack(tmp_path / "whole.zip", whole)

    def run(*options):
        lines, _ = verify(tmp_path / "whole.zip", "--recompute", "2", *options, capsys=capsys)
        return next(line for line in lines if line.startswith("recompute"))

    first, second = run(), run()
    assert first != second
    assert run("--seed", first.split()[-1]) == first
    assert drawn[2] == drawn[0] and len(drawn[0]) == 2
    for seed in "0123":
        run("--seed", seed)
    assert len({tuple(fit.name for fit in fits) for fits in drawn}) > 1


def elsewhere(content, **changes):
    """An archive's files with provenance as of another machine or code."""
    content = dict(content)
    for name in [name for name in content if name.endswith("provenance.json")]:
        record = json.loads(content[name])
        record["environment"] |= {key: own for key, own in changes.items() if key != "code"}
        record |= {key: own for key, own in changes.items() if key == "code"}
        content[name] = sealed(record)
    return content


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "factor", "same"),
    [({"cpu": "another"}, 1 + 1e-9, True), ({"code": "c" * 64}, 1 + 1e-4, False)],
)
def test_last_bits_may_differ_where_provenance_names_another_machine_or_code(
    whole, tmp_path, capsys, change, factor, same
):
    content = altered(elsewhere(whole, **change), lambda loss: loss * factor)
    pack(tmp_path / "elsewhere.zip", corrected(content))
    lines, error = verify(tmp_path / "elsewhere.zip", "--recompute", "4", capsys=capsys)
    (line,) = [line for line in lines if f"fit/{TRACE.split('/', 2)[2][:-8]}:" in line]
    assert line.startswith("same" if same else "differs")
    assert ("the same within 1e-06" in line) is same
    assert f"made with another {next(iter(change))}" in line
    assert (error is None) is same


@pytest.mark.slow
def test_result_made_from_other_claims_is_not_the_same(whole, tmp_path, capsys):
    name = "results/audit/figures/provenance.json"
    record = json.loads(whole[name])
    record["inputs"]["data/reported/claims.csv"] = "0" * 64
    pack(tmp_path / "other.zip", corrected(whole | {name: sealed(record)}))
    lines, error = verify(tmp_path / "other.zip", "--recompute", "1", capsys=capsys)
    assert differing(lines) == {"audit/figures"} and error
    assert any("made from another data/reported/claims.csv than the one here" in li for li in lines)


def endless(content):
    """An archive's files whose experiment takes for ever, all checksums and digests right."""
    config = yaml.safe_load(content["config.yaml"])
    config["experiments"]["small"]["iterations"] = 10**9
    return content | {"config.yaml": yaml.safe_dump(config).encode()}


@pytest.mark.slow
def test_fit_that_takes_too_long_is_not_begun(whole, tmp_path, capsys):
    pack(tmp_path / "endless.zip", corrected(endless(whole)))
    lines, error = verify(tmp_path / "endless.zip", "--recompute", "1", capsys=capsys)
    assert any("not made again: may take" in line for line in lines) and error


def test_process_that_dies_or_exceeds_its_time_is_one_line(whole, tmp_path, capsys):
    """A limit of no minutes: a second of CPU time, less than the imports of a fit take."""
    pack(tmp_path / "whole.zip", whole)
    lines, error = verify(
        tmp_path / "whole.zip", "--recompute", "1", "--minutes", "0", capsys=capsys
    )
    assert any("not made again" in line or "not read or made again" in line for line in lines)
    assert error and all(len(line) < 2 * bounds.WIDTH for line in lines)


def table(rows, **columns):
    data = BytesIO()
    pd.DataFrame({"loss": range(rows)} | columns).astype(float).to_parquet(data, index=False)
    return data.getvalue()


def test_table_of_another_shape_is_not_read():
    said = compare.difference("a.parquet", table(10**6), table(3), exact=True)
    assert said == "1000000 rows and 1 columns instead of 3 and 1"


@pytest.mark.parametrize(
    ("old", "new", "exact", "same"),
    [
        ("1.0000000001,a", "1.0,a", False, True),
        ("1.0000000001,a", "1.0,a", True, False),
        ("1.001,a", "1.01,a", False, True),  # in the last digit that is printed
        ("1.03,a", "1.01,a", False, False),
        ("3 of 4", "2 of 4", False, False),  # whole numbers do not drift
        ("1.0,a", "1.0,b", False, False),
        ("1.0", "1.0\n2.0", False, False),
        ("1.00000000001e-20", "1.0e-20", False, True),
    ],
)
def test_texts_agree_number_by_number(old, new, exact, same):
    said = compare.difference("a.csv", old.encode(), new.encode(), exact)
    assert (said is None) is same


def test_result_whose_name_leads_out_of_its_folder_is_not_written(tmp_path):
    (job,) = Gather.every(read.check(rich(tmp_path / "results")))
    with pytest.raises(DataError, match="not below"):
        again._inside(f"{tmp_path}/results/traces/../../x", job)
    assert again._inside(f"{tmp_path}/results/x", job)


def peak(place, what, folder, minutes):
    """The most memory that the process that makes things again has used, in MB."""
    return resident("VmHWM")


def parquet(frame, **options):
    data = BytesIO()
    frame.to_parquet(data, index=False, **options)
    return data.getvalue()


def hostile_tables(trace):
    """Traces that say what they are not: by name, their bytes."""
    frame = pd.read_parquet(BytesIO(trace))
    rows = frame.loc[[0] * 10**6].assign(iteration=range(10**6))
    return {
        "empty": b"",
        "text": b"no table",
        "cut": trace[:-9],
        "no column": parquet(frame.drop(columns="loss")),
        "another column": parquet(frame.assign(more=1.0)),
        "texts": parquet(frame.assign(loss="x")),
        "lists": parquet(frame.assign(loss=[[1.0]] * len(frame))),
        "infinite": parquet(frame.assign(loss=np.inf)),
        "nothing": parquet(frame.assign(loss=None)),
        "no rows": parquet(frame.iloc[:0]),
        "one row twice": parquet(frame.iloc[[0, 0]]),
        "another cell": parquet(frame.assign(cell="../../evil\x1b[31m")),
        "columns": parquet(pd.DataFrame(0.0, range(2), map(str, range(bounds.COLUMNS + 1)))),
        "rows": parquet(rows),
        "long text": parquet(frame.assign(cell="x" * 50 * bounds.MB), compression="zstd"),
    } | {
        f"byte {at}": trace[:at] + bytes([trace[at] ^ 255]) + trace[at + 1 :]
        for at in range(4, len(trace), len(trace) // 40)
    }


@pytest.mark.slow
def test_hostile_tables_are_refused_in_a_line_within_memory(whole, tmp_path):
    tables = hostile_tables(whole[TRACE])
    pack(tmp_path / "archive.zip", whole)
    with opened(tmp_path / "archive.zip") as reader:
        record, names = archived_record(reader), reader.names
    runs = recompute._held(recompute.RUNS, record, names)
    (gather,) = Gather.every(record)
    place = again.Place(tmp_path / "archive.zip")
    with recompute._Apart(place, bounds.MINUTES) as apart:

        def ends():
            with TemporaryDirectory() as folder:
                laid_out = apart.run(again.lay_out, runs, folder)
                return apart.run(again.again, gather, folder) if laid_out.same else laid_out

        assert ends().same
        start = apart.run(peak, runs, None)
        for name, data in tables.items():
            pack(tmp_path / "archive.zip", corrected(whole | {TRACE: data}))
            outcome = ends()
            assert not outcome.same or name.startswith("byte"), name
            assert escaped(outcome.line).isprintable() and "\n" not in outcome.line, name
            used = apart.run(peak, runs, None) - start
            assert used < 300, (name, used)
    CASES["designed archives"] += len(tables)


@pytest.mark.parametrize(
    ("archived", "new"), [("1e9", "0.5"), ("1", "0.0123"), ("0", "0.9"), ("-1e30", "12.25")]
)
def test_digits_of_an_archived_number_do_not_widen_what_agrees(archived, new):
    files = (f"a\n{number}\n".encode() for number in (archived, new))
    assert difference("a.csv", *files, exact=False) is not None
