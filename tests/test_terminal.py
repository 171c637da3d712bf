"""What every command does where its words cannot be written, or not as they are."""

import io
import os
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from workflow_helpers import ROOT

from emmoe import __main__ as cli
from emmoe.commands import list as listing

COMMANDS = {
    "list": ["list"],
    "check": ["check"],
    "expanded": ["check", "--expanded"],
    "explain": ["explain", "figure_1a_em_0"],
    "help": ["--help"],
}
ENCODINGS = ("ascii", "latin-1", "cp437", "shift_jis", "koi8-r")


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture(params=COMMANDS)
def command(request):
    return COMMANDS[request.param]


def ended(arguments):
    """What a command ends with: its status, or its line."""
    try:
        cli.main(arguments)
    except SystemExit as end:
        return end.code
    return None


@contextmanager
def unread(folder):
    """A pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer


@contextmanager
def full(folder):
    """A device that takes nothing."""
    yield os.open("/dev/full", os.O_WRONLY)


@contextmanager
def limited(folder):
    """A file that may have no more than 50 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    output = os.open(folder / "output", os.O_WRONLY | os.O_CREAT)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, before[1]))
    try:
        yield output
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


LINES = {unread: "", full: "No space left on device", limited: "File too large"}


@pytest.mark.parametrize("buffering", [1, 8192], ids=["by line", "by block"])
@pytest.mark.parametrize("output", LINES, ids=lambda output: output.__name__)
def test_output_that_cannot_be_written_ends_a_command_in_one_line_at_most(
    command, output, buffering, tmp_path, monkeypatch
):
    with output(tmp_path) as descriptor:
        stream = open(descriptor, "w", buffering, encoding="utf-8")  # noqa: SIM115
        monkeypatch.setattr(sys, "stdout", stream)
        end = ended(command)
        stream.close()
    if command == COMMANDS["help"]:  # argparse prints it as far as it can be
        assert end in (0, 128 + signal.SIGPIPE) or LINES[output] in end
    elif output is unread:
        assert end == 128 + signal.SIGPIPE
    else:
        assert end.startswith("error: ") and LINES[output] in end and "\n" not in end


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_an_encoding_lacks_is_printed_escaped(command, encoding, monkeypatch):
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding=encoding))
    assert ended(command) in (None, 0)
    sys.stdout.flush()
    assert printed.getvalue().decode(encoding)


def test_closed_output_is_no_mistake(command, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert ended(command) in (None, 0)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom", "/dev/full", "/dev/null"])
@pytest.mark.parametrize("command", ["fit {} --target y", "predict {} t.csv", "diagnose {}"])
def test_device_as_an_input_is_refused_at_once(command, device):
    said = ended(command.format(device).split())
    assert said == f"error: {device}: a device: name a file, or - for the standard input"


@pytest.mark.parametrize("command", ["fit - --target y", "predict m.json -", "diagnose m.json -"])
def test_closed_input_is_one_line(command, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert ended(command.split()) == "error: standard input: is closed: name a file"


def test_input_that_memory_does_not_hold_is_one_line(tmp_path, monkeypatch):
    class Endless(io.BytesIO):
        def read(self, size=-1):
            raise MemoryError

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Endless(), encoding="utf-8"))
    said = ended(["fit", "-", "--target", "y"])
    assert said == "error: out of memory: too large an input"


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "none"])
def test_page_needs_no_backend_that_a_terminal_names(backend):
    command = [sys.executable, "-m", "emmoe", "diagnose", "--help"]
    own = os.environ | {"MPLBACKEND": backend}
    assert not subprocess.run(command, env=own, capture_output=True).stderr


def test_help_fits_a_screen_and_shows_examples(capsys):
    assert ended(["--help"]) == 0
    text = capsys.readouterr().out
    assert len(text.splitlines()) <= 40 and "emmoe explain figure_2a_em_10" in text


def test_explain_answers_in_its_first_lines(capsys):
    ended(["explain", "figure_2a_em_10"])
    answer, command, blank = capsys.readouterr().out.splitlines()[:3]
    assert answer.startswith("figure_2a_em_10: ") and "reported 0.0307, ours" in answer
    assert command.startswith("recompute  .venv/bin/snakemake ") and not blank


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_can_complete_commands(shell, capsys):
    assert ended(["--print-completion", shell]) == 0
    assert "explain" in capsys.readouterr().out


MADE_FROM = '<script type="application/json" id="made-from">{}</script>'


def test_report_is_named_and_opened(tmp_path, monkeypatch, capsys):
    own = tmp_path / "own.yaml"
    own.write_text(f"folders: {{results: {tmp_path}}}\n", encoding="utf-8")
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address, new: opened.append(address) or True)
    report = ["report", "--open", "config.yaml", str(own)]
    assert ended(report).endswith("no report yet: run make figures")
    page = tmp_path / "report.html"
    page.write_text(MADE_FROM.format("{}"), encoding="utf-8")
    assert ended(report) is None
    assert opened == [(tmp_path / "report.html").as_uri()]
    assert capsys.readouterr().out == f"{tmp_path}/report.html\n"


def test_kept_report_is_named_and_opened_where_there_is_no_other(tmp_path, monkeypatch, capsys):
    own = tmp_path / "own.yaml"
    own.write_text(f"folders: {{results: {tmp_path}}}\n", encoding="utf-8")
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address, new: opened.append(address) or True)
    kept = tmp_path / "reference" / "report.html"
    kept.parent.mkdir()
    kept.write_text("<p>", encoding="utf-8")
    assert ended(["report", "--open", "config.yaml", str(own)]) is None
    assert opened == [kept.as_uri()]
    named, said = capsys.readouterr().out.splitlines()
    assert named == str(kept) and said.startswith("kept from the last full run; make figures")


def test_interrupt_is_told_in_a_word(monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "run", interrupt)
    assert ended(["list"]) == "interrupted"
