"""Text is UTF-8 whatever the locale says: every read and write of the sources names it."""

import ast
import os
import subprocess
import sys

import pytest
from workflow_helpers import ROOT, environment

from emmoe.store.code import code_hash

SOURCES = [
    path for folder in ("src", "workflow", "benchmarks") for path in (ROOT / folder).rglob("*.py")
]
# How many arguments each takes before the encoding, and which may be a mode with a "b".
TAKERS = {"open": (3, 1), "read_text": (0, None), "write_text": (1, None)}
OTHERS = {"os", "Image", "archive"}  # whose `open` reads no text
LOCALES = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "POSIX": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "none at all": {"LC_ALL": "no_SUCH.locale", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


def nameless(source):
    """The lines of a source that read or write text in the locale's encoding."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if _reads_text(call) and not _names_encoding(call)]


def _name(call):
    return getattr(call.func, "attr", None) or getattr(call.func, "id", None)


def _of_path(call):
    """Whether it is `path.open(mode)` rather than `open(path, mode)`."""
    return isinstance(call.func, ast.Attribute) and _name(call) == "open"


def _reads_text(call):
    owner = getattr(getattr(call.func, "value", None), "id", None)
    if _name(call) not in TAKERS or owner in OTHERS:
        return False
    at = TAKERS[_name(call)][1]
    modes = [] if at is None else [call.args[at - _of_path(call) :][:1]]
    return not any("b" in getattr(mode, "value", "") for found in modes for mode in found)


def _names_encoding(call):
    before = TAKERS[_name(call)][0] - _of_path(call)
    return len(call.args) > before or "encoding" in {keyword.arg for keyword in call.keywords}


def test_every_read_and_write_of_text_names_its_encoding():
    found = {str(path.relative_to(ROOT)): nameless(path.read_bytes()) for path in SOURCES}
    assert len(found) > 100 and not {path: lines for path, lines in found.items() if lines}


@pytest.mark.parametrize(
    "source",
    ["open(p)", "open(p, 'w')", "p.open()", "p.read_text()", "p.write_text(t)", "p.open('a+')"],
)
def test_nameless_encodings_are_seen(source):
    assert nameless(source) == [1]


@pytest.mark.parametrize(
    "source",
    ["open(p, 'rb')", "open(p, encoding='utf-8')", "p.read_text('utf-8')", "p.open('wb')",
     "p.write_text(t, 'utf-8')"],
)  # fmt: skip
def test_named_encodings_and_bytes_are_passed(source):
    assert not nameless(source)


def emmoe(*arguments, **variables):
    command = [sys.executable, "-X", "warn_default_encoding", "-m", "emmoe", *arguments]
    given = environment() | variables
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, check=True)


@pytest.fixture(scope="module")
def plain():
    return emmoe("check", "--expanded", PYTHONUTF8="1").stdout.decode()


@pytest.mark.slow
@pytest.mark.parametrize("locale", [*LOCALES, "Latin-1", "Latin-5"])
def test_locale_changes_neither_what_is_read_nor_what_is_hashed(locale, plain, tmp_path):
    variables = LOCALES.get(locale) or made(locale, tmp_path)
    other = emmoe("check", "--expanded", **variables)
    assert b"src/emmoe" not in other.stderr  # no warning of a default encoding in our code
    assert other.stdout == plain.encode(encoding(variables), "backslashreplace")
    code = "from emmoe.store.code import code_hash; print(code_hash('emmoe.report.build'))"
    command, own = [sys.executable, "-c", code], environment() | variables
    assert subprocess.check_output(command, env=own, text=True).strip() == code_hash(
        "emmoe.report.build"
    )


def made(name, folder):
    """The variables of a locale of that character set; skips where none can be made."""
    charset = {"Latin-1": "ISO-8859-1", "Latin-5": "ISO-8859-9"}[name]
    language = {"Latin-1": "de_DE", "Latin-5": "tr_TR"}[name]
    target = folder / f"{language}.{charset}"
    try:
        subprocess.run(["localedef", "-i", language, "-f", charset, target], capture_output=True)
    except OSError:
        pytest.skip("localedef is not installed")
    if not target.is_dir():
        pytest.skip(f"localedef cannot make {target.name}")
    return {"LOCPATH": str(folder), "LC_ALL": target.name, "PYTHONUTF8": "0"}


def encoding(variables):
    """What a process with these variables prints in."""
    code = "import sys; print(sys.stdout.encoding)"
    own = os.environ | variables
    return subprocess.check_output([sys.executable, "-c", code], env=own, text=True).strip()
