"""How far a run is: counts, names, estimates from what jobs took before, and the lines."""

import io
import logging
import re
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent
from workflow_helpers import ROOT

from emmoe.jobs._batches import small_batches
from emmoe.jobs._kept import kept_seconds
from emmoe.jobs._work import say
from emmoe.record.read import load
from emmoe.store.layout import Layout
from emmoe.store.progress import LINES, Progress, kept_together, last_seconds, spell
from snakemake_logger_plugin_progress import LogHandler

BENCHMARK = "s\th:m:s\tmax_rss\tcpu_time\n9.0\t0:00:09\t300\t{}\n"


def planned(expected, cores=2):
    progress = Progress()
    progress.plan(expected, cores)
    return progress


def test_time_left_is_the_work_left_over_the_cores():
    progress = planned({0: 10.0, 1: 10.0, 2: 20.0, 3: 20.0})
    assert progress.left(0.0) == 30.0
    progress.start(0, "fit a", 0.0)
    assert progress.left(4.0) == 28.0
    assert planned({0: 100.0, 1: 1.0}).left(0.0) == 100.0  # a job runs on one core


def test_small_jobs_of_one_process_take_what_is_kept_of_them_together(monkeypatch):
    """Of what gathers fits nothing is kept, and of a batch something is."""
    kept = {"fit/a/em": 2.0, "fit/a/gd": 3.0}
    assert kept_together(["fit/a/em", "fit/a/gd", "gather/a"], kept) == 5.0
    assert kept_together(["gather/a"], kept) is None
    monkeypatch.chdir(ROOT)
    known = kept_seconds(ROOT / "results" / "reference" / "provenance.json")
    batches = small_batches(load([ROOT / "config.yaml"]))
    for name in ("fits_error_floor", "probes_fisher", "contests_of_comparisons"):
        assert kept_together([f"{job.kind}/{job.name}" for job in batches[name]], known) > 1


def test_jobs_of_which_nothing_is_known_count_as_the_median():
    assert planned({0: 1.0, 1: 5.0, 2: 6.0, 3: None}, cores=1).left(0.0) == 17.0
    assert planned({0: None}).left(0.0) is None


def test_finished_jobs_tell_the_speed_of_the_machine():
    progress = planned({0: 10.0, 1: 10.0}, cores=1)
    progress.start(0, "fit a", 0.0)
    progress.finish(0, 30.0)  # three times as long as kept
    assert progress.left(30.0) == pytest.approx(30.0)


def test_the_line_has_counts_names_and_time_left():
    progress = planned({0: 60.0, 1: 60.0, 2: 60.0, 3: 60.0}, cores=3)
    for job in range(3):
        progress.start(job, f"fit {job}", 0.0)
    assert progress.line(0.0) == (
        "0 of 4 jobs done, about 80 s left, running fit 0, fit 1 and 1 more"
    )
    for job in range(4):
        progress.finish(job, 60.0)
    assert progress.line(60.0) == "4 of 4 jobs done" and progress.complete


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.1, "1 s"), (89, "89 s"), (600, "10 min"), (11_100, "3 h 5 min")]
)
def test_durations_are_spelled(seconds, words):
    assert spell(seconds) == words


def test_seconds_are_read_from_benchmark_files_that_are_whole(tmp_path):
    layout = Layout(str(tmp_path))
    for name, seconds in (("fit/a/em/b0.5", 2.5), ("gather/a", "NA"), ("probe/c", "")):
        path = tmp_path / "benchmarks" / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(BENCHMARK.format(seconds), encoding="utf-8")
    (tmp_path / "benchmarks/probe/killed.tsv").touch()
    assert last_seconds(layout) == {"fit/a/em/b0.5": 2.5}
    assert layout.timed(layout.benchmark("fit", "a/em/b0.5")) == "fit/a/em/b0.5"


def test_seconds_of_the_kept_run_are_known_job_by_job():
    kept = kept_seconds(ROOT / "results/reference/provenance.json")
    assert any(name.startswith("fit/fashion_mnist/em/") for name in kept)
    assert all(seconds >= 0 for seconds in kept.values())
    assert kept_seconds(ROOT / "none.json") == {}


def test_what_jobs_say_goes_to_the_file_that_is_named(tmp_path, monkeypatch, capfd):
    say("seen")
    monkeypatch.setenv(LINES, str(tmp_path / "jobs.log"))
    say("kept")
    assert (tmp_path / "jobs.log").read_text(encoding="utf-8") == "kept\n"
    assert capfd.readouterr().err == "seen\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def handled(monkeypatch, tmp_path):
    """A handler that writes to a stream, and what hands it records."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(LINES, "")
    monkeypatch.setenv("TERM", "xterm")
    made = []

    def handle(stream, *records):
        monkeypatch.setattr("sys.stderr", stream)
        made.append(LogHandler(SimpleNamespace(stdout=False), None))
        for words, extra in records:
            level = extra.pop("level", logging.INFO)
            record = logging.makeLogRecord({"msg": words, "levelno": level} | extra)
            made[-1].handle(record)
        made[-1].close()
        return stream.getvalue()

    return handle


PLAN = ("", {"expected": {0: 5.0}, "cores": 1})
OWN = {"jobid": 0, "rule_name": "fit", "wildcards": {"fitter": "em"}}
START = (None, {"event": LogEvent.JOB_INFO} | OWN)
END = ("Finished", {"event": LogEvent.JOB_FINISHED, "job_id": 0})


def test_a_terminal_has_one_line_that_is_written_anew(handled):
    text = handled(Terminal(), PLAN, START, END)
    assert text.count("\n") == 1 and text.endswith("\r\x1b[K1 of 1 jobs done\n")
    assert "\r\x1b[K0 of 1 jobs done, about 5 s left, running fit em" in text


def test_elsewhere_lines_are_plain_and_have_a_time_stamp(handled):
    text = handled(io.StringIO(), PLAN, START, END)
    assert re.fullmatch(r"\d\d:\d\d:\d\d 1 of 1 jobs done\n", text)


def test_warnings_and_last_words_are_passed_on_and_talk_is_not(handled):
    text = handled(
        io.StringIO(),
        ("Building DAG of jobs...", {}),
        ("No room left", {"level": logging.WARNING}),
        ("Look at results/report.html", {"last_words": True}),
        ("Complete log(s): x.log", {}),
    )
    assert text.splitlines() == [
        "No room left", "Look at results/report.html", "Complete log(s): x.log",
    ]  # fmt: skip
