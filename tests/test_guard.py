"""One run at a time in a folder: a live one is respected, a killed one is cleared away."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from workflow_helpers import ROOT

from emmoe.store import killed as killing
from emmoe.store import lock as guard
from emmoe.store.errors import RunError

HOLDER = """
import sys, time
sys.path.insert(0, "src")
from pathlib import Path
from emmoe.store.lock import Guard
folder = Path(sys.argv[1])
Guard(folder, [folder / "results"]).begin()
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(killing.MARK, "")  # put back after the test: a guard sets it
    (tmp_path / "results").mkdir()
    return tmp_path


def guarded(folder):
    return guard.Guard(folder, [folder / "results", folder / "downloads"])


def locks(folder):
    """The files of the folder's lock and its results'."""
    return folder / ".snakemake" / "run.lock", folder / "results" / ".run.lock"


def holder(folder, seconds):
    """A process that holds the folder's lock and its results'."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, folder, str(seconds)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    return process


def killed(folder):
    """A run of the folder that was killed."""
    process = holder(folder, 60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return process


def orphan(folder):
    """A process with a folder's mark, as jobs of its run have it; Linux shows the environment a
    moment after the process began."""
    mark = {killing.MARK: str(folder)}
    process = subprocess.Popen(["sleep", "60"], env=os.environ | mark)
    shown = killing.PROCESSES / str(process.pid) / "environ"
    while shown.exists() and not shown.read_bytes():
        time.sleep(0.001)
    return process


def as_bytes(path):
    path.write_bytes(b"\xff\xfe\0process")


def as_words(path):
    path.write_text("mine!\nreally\n", encoding="utf-8")


def as_much(path):
    path.write_bytes(b"process 1 on a in /" * 100_000)


def as_folder(path):
    path.mkdir()


def as_link_to_nowhere(path):
    path.symlink_to("nowhere")


def as_loop(path):
    path.symlink_to(path.name)


def as_pipe(path):
    os.mkfifo(path)


def test_second_run_is_told_which_process_is_working(folder):
    first = holder(folder, 60)
    with pytest.raises(RunError, match=rf"another run is working .*\(process {first.pid} on "):
        guarded(folder).begin()
    assert first.poll() is None
    first.kill()
    first.wait()


def test_run_after_one_that_ended_in_order_says_nothing(folder, capsys):
    assert holder(folder, 0).wait() == 0
    living = orphan(folder)
    guarded(folder).begin()
    assert capsys.readouterr().err == "" and living.poll() is None
    living.kill()


def test_run_after_a_killed_one_ends_its_jobs_first(folder, capsys):
    run = killed(folder)
    jobs = [orphan(folder), orphan(folder)]
    others = [orphan(folder / "elsewhere"), orphan("")]
    guarded(folder).begin()
    said = capsys.readouterr().err
    assert [job.wait() for job in jobs] == [-signal.SIGKILL] * 2
    assert [other.poll() for other in others] == [None, None]
    assert f"(process {run.pid} on " in said and "2 jobs of it ended" in said
    for other in others:
        other.kill()


def of_another_machine(folder, monkeypatch):
    for lock in locks(folder):
        lock.write_text(f"process 1 on elsewhere in {folder}\n")


def without_locks(folder, monkeypatch):
    def refuse(stream, operation):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)


def without_their_module(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)  # Windows


def without_processes(folder, monkeypatch):
    monkeypatch.setattr(killing, "PROCESSES", folder / "proc")


WITHOUT = [of_another_machine, without_locks, without_their_module, without_processes]


@pytest.mark.parametrize("where", WITHOUT)
def test_where_the_last_run_may_still_work_nothing_is_ended_or_removed(folder, monkeypatch, where):
    killed(folder)
    job, left = orphan(folder), folder / "results" / ".r0.123.parquet"
    left.touch()
    where(folder, monkeypatch)
    first, second = locks(folder)
    with pytest.raises(RunError, match=f"end it and its jobs, then delete {first} and {second}"):
        guarded(folder).begin()
    assert job.poll() is None and left.exists()
    job.kill()
    first.unlink()
    second.unlink()
    guarded(folder).begin()


def test_run_without_locks_goes_on_and_says_in_a_line_what_it_cannot_keep_out(
    folder, monkeypatch, capsys
):
    without_their_module(folder, monkeypatch)
    guarded(folder).begin()
    said = capsys.readouterr().err.splitlines()
    kept = "this system has no file locks: nothing keeps a second run out of"
    assert [kept in line for line in said] == [True, True]


def test_run_after_a_killed_one_removes_what_it_left_unfinished(folder):
    killed(folder)
    (folder / "downloads" / "toy").mkdir(parents=True)
    left = ["results/.r0.123.parquet", "results/.r0.provenance.7.json",
            "downloads/toy/.a.gz.0123abcd.part"]  # fmt: skip
    kept = ["results/r0.parquet", "results/.sha256.csv", "downloads/toy/a.gz", "results/.hidden"]
    for name in left + kept:
        (folder / name).touch()
    guarded(folder).begin()
    assert [name for name in left + kept if (folder / name).exists()] == kept


def test_run_is_refused_if_another_worked_while_it_was_planned(folder):
    late = guarded(folder)
    assert holder(folder, 0).wait() == 0
    with pytest.raises(RunError, match="was planned: run the same command again"):
        late.begin()
    guarded(folder).begin()


def test_results_that_cannot_be_written_are_told(folder):
    run = guarded(folder)
    (folder / "results").rmdir()
    (folder / "results").touch()
    with pytest.raises(RunError, match=r"results: cannot be written \(File exists\)"):
        run.begin()


def test_results_of_an_older_version_are_refused_and_left_alone(folder):
    (folder / "results" / "draws").mkdir()
    with pytest.raises(RunError, match=r"results/draws: made by an older version.* move .*results"):
        guarded(folder).begin()
    assert (folder / "results" / "draws").is_dir()


@pytest.mark.parametrize("name", ["new\nline", "\n", "caf\udce9", "process 1 on a in /b\n"])
def test_run_killed_in_a_folder_of_any_name_is_cleared_away(tmp_path, monkeypatch, capsys, name):
    monkeypatch.setenv(killing.MARK, "")
    folder = tmp_path / name
    (folder / "results").mkdir(parents=True)
    killed(folder)
    job = orphan(folder)
    guarded(folder).begin()
    assert job.wait() < 0 and "was killed: 1 jobs of it ended" in capsys.readouterr().err


@pytest.mark.parametrize("name", guard.RECORDS)
@pytest.mark.parametrize("damage", [Path.touch, as_link_to_nowhere, as_pipe])
def test_damaged_records_of_snakemake_are_told_before_anything_is_planned(folder, name, damage):
    path = folder / ".snakemake" / name
    path.parent.mkdir()
    damage(path)
    with pytest.raises(RunError, match=f"^{path}: a file has the name of a folder"):
        guarded(folder)


def test_file_in_the_place_of_a_folder_is_told_before_anything_is_planned(folder):
    (folder / "downloads").touch()
    with pytest.raises(RunError, match="downloads: a file has the name of a folder"):
        guard.Guard(folder, [folder / "results", folder / "downloads" / "toy"])


@pytest.fixture
def others(folder, tmp_path_factory):
    """Another folder with the same results."""
    other = tmp_path_factory.mktemp("other")
    (other / "results").symlink_to(folder / "results")
    return other


def test_run_of_another_folder_with_the_same_results_is_respected(folder, others):
    first = holder(others, 60)
    said = rf"another run is working in .*/results \(process {first.pid} on .* in {others}\)"
    with pytest.raises(RunError, match=said):
        guarded(folder).begin()
    first.kill()
    first.wait()


def test_run_of_another_folder_that_worked_while_this_one_was_planned_is_told(folder, others):
    late = guarded(folder)
    assert holder(others, 0).wait() == 0
    with pytest.raises(RunError, match=r"working in .*results while this one was planned"):
        late.begin()


def test_killed_run_of_another_folder_with_the_same_results_is_cleared_away(folder, others, capsys):
    run = killed(others)
    job, left = orphan(others), folder / "results" / ".r0.123.parquet"
    left.touch()
    guarded(folder).begin()
    assert job.wait() == -signal.SIGKILL and not left.exists()
    assert f"process {run.pid} on" in capsys.readouterr().err


def test_folders_with_results_of_their_own_do_not_wait_for_each_other(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "results").mkdir()
    first = holder(other, 60)
    guarded(folder).begin()
    first.kill()
    first.wait()


def test_download_that_a_run_elsewhere_is_writing_is_left_to_it(folder):
    killed(folder)
    (folder / "downloads").mkdir()
    left, written = (folder / "downloads" / f".a.gz.0123abc{i}.part" for i in "de")
    left.touch()
    with open(written, "wb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        guarded(folder).begin()
        assert written.exists() and not left.exists()


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    "damage", [as_bytes, as_words, as_much, as_folder, as_link_to_nowhere, as_loop, as_pipe]
)
def test_damaged_lock_is_told_and_left_alone(folder, damage, which):
    path = locks(folder)[which]
    path.parent.mkdir(exist_ok=True)
    damage(path)
    with pytest.raises(RunError, match=f"^{path}: (damaged|not a file)") as error:
        guarded(folder).begin()
    assert "\n" not in str(error.value) and os.path.lexists(path)


def test_empty_lock_is_one_that_nobody_holds(folder, capsys):
    for path in locks(folder):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    guarded(folder).begin()
    assert capsys.readouterr().err == ""


@pytest.fixture
def queue(folder, monkeypatch):
    """The file that stands for Slurm's queue."""
    (folder / ".snakemake" / "slurm_logs").mkdir(parents=True)  # as the plugin leaves it
    tools = folder / "tools"
    tools.mkdir()
    queue = tools / "queue"
    (tools / "squeue").write_text(f'#!/bin/sh\ncat "{queue}"\n')
    (tools / "scancel").write_text(f'#!/bin/sh\nsed -i "/^$1|/d" "{queue}"\n')
    for name in ("squeue", "scancel"):
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return queue


def test_slurm_jobs_of_a_killed_run_are_cancelled_and_no_others(folder, queue, monkeypatch):
    rows = [f"1|emmoe_a|{folder}", f"2|emmoe_b|{folder}/x", f"3|shell|{folder}", "4|emmoe_c|/",
            f"5|emmoe_own|{folder}"]  # fmt: skip
    queue.write_text("\n".join(rows) + "\n")
    killed(folder)
    monkeypatch.setenv("SLURM_JOB_ID", "5")
    guarded(folder).begin()
    assert queue.read_text().split() == rows[1:]


def test_slurm_that_does_not_answer_is_told_until_it_does(folder, queue):
    killed(folder)
    for _ in range(2):
        with pytest.raises(RunError, match="squeue does not answer"):
            guarded(folder).begin()
    queue.touch()
    guarded(folder).begin()


def test_jobs_are_known_by_the_prefix_that_the_profile_sets():
    profile = yaml.safe_load((ROOT / "profiles/slurm/profile.yaml").read_text())
    assert f"{profile['slurm-jobname-prefix']}_" == killing.PREFIX


def test_a_live_job_that_another_user_started_is_waited_for(folder, tmp_path_factory, monkeypatch):
    """Its environment is hidden, its command line is not: a script of Snakemake's in the folder."""
    processes = tmp_path_factory.mktemp("proc")
    (processes / "4711" / "environ").mkdir(parents=True)  # cannot be read, as another user's
    script = folder / ".snakemake" / "scripts" / "tmpx.job.py"
    (processes / "4711" / "cmdline").write_bytes(b"python\0" + os.fsencode(script) + b"\0")
    monkeypatch.setattr(killing, "PROCESSES", processes)
    killed(folder)
    with pytest.raises(RunError, match=r"process 4711, which another user started, works in"):
        guarded(folder).begin()
    (processes / "4711" / "cmdline").write_bytes(b"less\0" + os.fsencode(folder) + b"\0")
    guarded(folder).begin()
