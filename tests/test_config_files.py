"""Config files as people write them: every kind of mistake in public-cases' table is one line.

Each kind has its instances, and further ones that are generated: with file, line and column, in
bounded time, and never a traceback.
"""

import json
import os
import random
import re
import string
import subprocess
import time

import pytest
from workflow_helpers import ROOT

from emmoe import __main__
from emmoe.jobs import base
from emmoe.record import read, registry, yaml
from emmoe.record.check_folders import SOURCES, check_folders, check_places
from emmoe.record.entries import Folders
from emmoe.record.yaml import DEPTH, NODES
from emmoe.store.errors import ConfigError

SECONDS = 5  # that any config may take
SMALL = """\
seed: 7
folders: {results: results/small, downloads: data/downloads}
experiments:
  small:
    model: {name: symmetric_linear}
    data: {name: synthetic, n: 60, d: 2, norm_beta: 2.0, norm_w: 2.0, angle: random}
    start: {name: random_direction, norm: 1.0}
    replicates: 2
    replicates_per_block: 1
    iterations: 3
    fitters: {em: {algorithm: em}, gd: {algorithm: gradient_descent, step: 0.1}}
figures: {}
tables: {}
"""
RANDOM = random.Random(15)


def refusal(text, tmp_path, name="config.yaml"):
    """Return the one line with which a file is refused, without its folder."""
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    began = time.process_time()
    with pytest.raises(ConfigError) as caught:
        read.load(file)
    assert time.process_time() - began < SECONDS
    message = str(caught.value)
    assert len(message.splitlines()) == 1 and message.isprintable()
    return message.removeprefix(f"{tmp_path}{os.sep}")


def at(text, wanted):
    """Return where a text stands in another, as a message says it."""
    before = text[: text.index(wanted)]
    column = len(before) - before.rfind("\n")
    return f"config.yaml, line {before.count(chr(10)) + 1}, column {column}: "


def test_small_config_is_accepted(tmp_path):
    (tmp_path / "config.yaml").write_text(SMALL, encoding="utf-8")
    assert read.load(tmp_path / "config.yaml").seed == 7


KEYS = ["on", "~", "2", "Off", "no", "null", "0x1f", "1.5", "true", "010", "2020-01-01", "12:30"]


@pytest.mark.parametrize("key", [*KEYS, *(str(RANDOM.uniform(-1e6, 1e6)) for _ in range(5))])
@pytest.mark.parametrize("where", ["  small:", "em:", "seed:"])
def test_name_that_yaml_reads_as_something_else_is_refused(key, where, tmp_path):
    text = SMALL.replace(where, where.replace(where.strip(" :"), key), 1)
    message = refusal(text, tmp_path)
    assert message.startswith(at(text, f"{key}:")) and key in message


@pytest.mark.parametrize("key", ["on", "2", "~"])
def test_name_in_quotes_is_read_as_it_stands(key, tmp_path):
    (tmp_path / "config.yaml").write_text(f"'{key}': 1", encoding="utf-8")
    assert yaml.read(tmp_path / "config.yaml").content == {key: 1}


SPELT = ["010", "-017", "1_000", "0x_1", "0b101", "1:30", "190:20:30", "0_1", "+0777", "1_0.5"]
SPELT += [f"0{RANDOM.randrange(1, 10**6)}" for _ in range(5)]
SPELT += [f"{RANDOM.randrange(1, 999)}_{RANDOM.randrange(100, 999)}" for _ in range(5)]
SPELT += [f"{RANDOM.randrange(1, 99)}:{RANDOM.randrange(10, 59)}" for _ in range(5)]
UNBUILT = ["2020-13-45", '!!int ""', "0x_", "1" * 5000, "!!str 7", "!a 7", "!!python/name:os.x 7"]
UNBUILT += ["-" + "9" * 401, "!!timestamp 7", "=", "2001-12-14t21:59:43.10-05:00"]
UNBUILT += ["".join(RANDOM.choices(string.digits, k=RANDOM.randrange(500, 9000))) for _ in range(3)]
UNBUILT += [f"!!{name} 7" for name in ("int", "float", "binary", "set", "omap", "null")]


@pytest.mark.parametrize("value", [*SPELT, *UNBUILT], ids=lambda value: value[:20])
@pytest.mark.parametrize("before", ["seed: ", "n: ", "replicates: "])
def test_value_that_readers_take_for_different_things_is_refused(before, value, tmp_path):
    text = re.sub(rf"{before}\d+", lambda _: before + value, SMALL, count=1)
    message = refusal(text, tmp_path)
    assert message.startswith(at(text, before + value).rpartition("column")[0])
    assert len(message) < 300


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("0o17", 15),
        ("0x1F", 31),
        (".5", 0.5),
        ("-.inf", -float("inf")),
        ("", None),
    ],
)
def test_numbers_are_read_as_yaml_1_2_has_them(text, value, tmp_path):
    (tmp_path / "a.yaml").write_text(f"a: {text}", encoding="utf-8")
    assert yaml.read(tmp_path / "a.yaml").content == {"a": value}


TEXTS = ["1e-3", "0o17", "on", "010", "1_0", "~", "", "2020-13-45", "1:30", ".5", "=", "a: b", "<<"]


@pytest.mark.parametrize(
    "text", [*TEXTS, *("".join(RANDOM.choices("01e-+.xo_: '", k=5)) for _ in range(40))]
)
def test_what_is_written_out_is_read_again_as_it_was(text, tmp_path):
    content = {"texts": [text, {"a": text}], "numbers": [1e-7, 0.001, 12, -0.5, 1e22, True, None]}
    (tmp_path / "a.yaml").write_text(yaml.dump(content), encoding="utf-8")
    assert yaml.read(tmp_path / "a.yaml").content == content


def grown(levels, width, brackets):
    """A file whose aliases stand for width ** levels settings."""
    left, right = brackets
    pairs = (f"k{i}: " if left == "{" else "" for i in range(width))
    lines = [f"a0: &a0 {left}{', '.join(f'{p}1' for p in pairs)}{right}"]
    for level in range(1, levels):
        items = (f"k{i}: " if left == "{" else "" for i in range(width))
        inner = ", ".join(f"{item}*a{level - 1}" for item in items)
        lines.append(f"a{level}: &a{level} {left}{inner}{right}")
    return "\n".join(lines)


CYCLES = ["a: &a [*a]", "a: &a {b: *a}", "&a a: *a", "a: &a\n  b: &b [*a, *b]", "a: &a {<<: *a}"]
CYCLES += [f"a: &a {'[' * n}*a{']' * n}" for n in (2, 7, 30)]
GROWTHS = [(9, 9, "[]"), (9, 2, "[]"), (20, 2, "{}"), (6, 12, "{}"), (3, 400, "[]"), (60, 2, "[]")]


@pytest.mark.parametrize("text", CYCLES)
def test_alias_that_holds_itself_is_refused(text, tmp_path):
    for whole in (text, f"{SMALL}more: 1\n{text}"):
        message = refusal(whole, tmp_path)
        assert re.match(r"config\.yaml, line \d+, column \d+: ", message)
        assert "itself" in message or text.startswith("&a a")


@pytest.mark.parametrize("growth", GROWTHS)
def test_aliases_that_grow_are_refused_in_time(growth, tmp_path):
    levels, width, _ = growth
    message = refusal(grown(*growth), tmp_path)
    enough = width**levels > NODES or levels > DEPTH
    assert not enough or f"more than {NODES}" in message or f"more than {DEPTH}" in message


@pytest.mark.parametrize("depth", [DEPTH + 1, 5000, 200_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_deep_nesting_is_refused_and_ends_no_process(brackets, depth, tmp_path):
    left, right = ("[", "]") if brackets == "[]" else ("{a: ", "}")
    text = f"a: {left * depth}{right * depth}"
    assert f"nested in more than {DEPTH} others" in refusal(text, tmp_path)


@pytest.mark.parametrize("size", [5_000_001, 12_000_000])
def test_file_of_many_megabytes_is_refused_in_time(size, tmp_path):
    assert "more than 5 MB" in refusal(b"# " + b"x" * size, tmp_path)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/urandom"])
def test_endless_config_is_refused(path):
    with pytest.raises(ConfigError, match=rf"^{path}: more than 5 MB"):
        read.load(path)


CONTROLS = ["\n", "\x00", "\x07", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\t", "\r"]


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("place", ["small", "em", "seed", "synthetic"])
def test_control_character_in_a_name_is_one_line(place, control, tmp_path):
    escaped = "".join(f"\\u{ord(c):04x}" for c in control)
    text = re.sub(rf"\b{place}\b", lambda _: f'"{place[:2]}{escaped}{place[2:]}"', SMALL, count=1)
    if place == "small":  # the folder's name holds it first
        text = SMALL.replace("  small:", f'  "sm{escaped}all":')
    assert "config.yaml, line " in refusal(text, tmp_path)


@pytest.mark.parametrize("control", ["\n", "\x1b", "\u2028"])
def test_control_character_from_the_command_line_is_one_line(control, tmp_path):
    (tmp_path / "config.yaml").write_text(SMALL, encoding="utf-8")
    for overrides in ({f"se{control}ed": 1}, {"experiments": {f"a{control}b": {}}}):
        with pytest.raises(ConfigError) as caught:
            read.load(tmp_path / "config.yaml", overrides)
        assert len(str(caught.value).splitlines()) == 1


TWICE = [
    "seed: 8",
    "figures: {}",
    "'seed': 8",
    "tables: {a: 1, a: 2}",
    "x: {<<: {a: 1}, b: 1, b: 2}",
]


@pytest.mark.parametrize("line", TWICE)
def test_name_that_stands_twice_is_refused(line, tmp_path):
    assert "is set twice: rename one" in refusal(SMALL + line, tmp_path)


FOLDERS = ["", " ", "~", "~/x", "a{b}", "a*", "[x]", "a?", "src", "src/emmoe", ".", "..", "../../x"]
FOLDERS += ["/", "docs", "tests/out", "data", "data/reported", "data/reported/x", "a\nb", "a\x1bb"]
FOLDERS += ["results/", "./results", "a//b", "a/./b", "a/../b", ".git", ".snakemake/x", " a", "a "]
FOLDERS += [
    "README.md",
    "README.md/x",
    "results/reference",
    "results/reference/x",
    "x" * 101,
    "$HOME",
]
FOLDERS += [str(ROOT), str(ROOT.parent), str(ROOT / "src"), "a\\b", "\ud800", "{results}"]
FOLDERS += [f"{source}/{RANDOM.randrange(99)}" for source in SOURCES]


def check(folders):
    """Check folders as those of a config are that a run is to use."""
    check_folders(folders)
    check_places(folders)


@pytest.mark.parametrize("name", ["results", "downloads"])
@pytest.mark.parametrize("folder", FOLDERS)
def test_folder_that_is_none_or_holds_sources_is_refused(name, folder, monkeypatch):
    monkeypatch.chdir(ROOT)
    folders = {"results": "results", "downloads": "data/downloads"} | {name: folder}
    with pytest.raises(ConfigError, match=rf"^folders\.{name}: ") as caught:
        check(Folders(**folders))
    assert len(str(caught.value).splitlines()) == 1 and str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("results", "downloads"),
    [("a", "a"), ("a", "a/b"), ("a/b", "a"), (str(ROOT / "a"), "a"), ("a", str(ROOT / "a" / "b"))],
)
def test_folders_that_overlap_are_refused(results, downloads, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(ConfigError, match="must lie apart"):
        check(Folders(results, downloads))


def test_folders_elsewhere_and_linked_ones_are_accepted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scratch").mkdir()
    (tmp_path / "linked").symlink_to("scratch")
    for results in ("linked", "linked/x", "results", str(tmp_path / "my results"), "results/smoke"):
        check(Folders(results, "data/downloads"))


@pytest.mark.parametrize("name", ["results", "downloads"])
@pytest.mark.parametrize(
    "leads_to",
    [".", "..", "src", "src/emmoe/fitters", "data/reported", ".git", "results/reference"],
)
@pytest.mark.parametrize("below", ["", "/new"])
def test_link_to_sources_is_refused_as_they_are(name, leads_to, below, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / leads_to).mkdir(exist_ok=True, parents=True)
    (tmp_path / "linked").symlink_to(leads_to)
    folders = {"results": "own", "downloads": "data/downloads"} | {name: f"linked{below}"}
    if (leads_to, below) in ((".", "/new"), ("..", "/new")):
        check(Folders(**folders))
        return
    with pytest.raises(ConfigError, match=rf"^folders\.{name}: "):
        check(Folders(**folders))


@pytest.mark.parametrize("folder", ["", "/src", "/results/reference/x"])
def test_another_name_of_the_checkout_is_refused_as_its_own(folder, tmp_path, monkeypatch):
    (tmp_path / "own/src").mkdir(parents=True)
    (tmp_path / "other").symlink_to("own")
    monkeypatch.chdir(tmp_path / "own")
    with pytest.raises(ConfigError, match=r"^folders\.results: "):
        check(Folders(f"{tmp_path}/other{folder}", "data/downloads"))


@pytest.mark.parametrize(("results", "downloads"), [("a", "b"), ("a/x", "b"), ("a", "b/x")])
def test_two_names_of_one_folder_overlap(results, downloads, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ConfigError, match="must lie apart"):
        check(Folders(results, downloads))


def test_reference_and_sources_that_are_links_are_still_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scratch/reference").mkdir(parents=True)
    (tmp_path / "results").symlink_to("scratch")
    with pytest.raises(ConfigError, match="overlaps with results/reference"):
        check(Folders(f"{tmp_path}/scratch/reference/x", "data/downloads"))


def test_link_to_nowhere_as_a_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lost").symlink_to("absent")
    with pytest.raises(ConfigError, match=r"^folders\.results: .*no folder"):
        check(Folders("lost", "data/downloads"))


def test_sources_are_all_that_the_repository_holds():
    command = ["git", "ls-files"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    if process.returncode:
        pytest.skip("no git")
    found = {path.partition("/")[0] for path in process.stdout.splitlines() if "/" in path}
    sources = {source.partition("/")[0] for source in SOURCES}
    assert {name for name in found if not name.startswith(".")} - {"results"} == sources


STUDIES = ["theory", "[../x]", "[{a: 1}]", "[[a]]", "[Theory]", "[a.b]", "{a: b}", "3", "['']"]


@pytest.mark.parametrize("studies", STUDIES)
def test_studies_that_are_no_list_of_names_are_one_line(studies, tmp_path):
    message = refusal(f"studies: {studies}\n{SMALL}", tmp_path)
    assert message.startswith("config.yaml, line 1, column 1: studies: must be a list of names")


def test_entry_that_two_files_have_is_refused_where_the_second_stands(tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "more.yaml").write_text("experiments:\n  small: {}\n", encoding="utf-8")
    message = refusal(f"studies: [more]\n{SMALL}", tmp_path)
    assert message.startswith(f"studies{os.sep}more.yaml, line 2, column 3: experiments.small: is")


def test_later_mistake_has_the_place_of_what_was_written(tmp_path):
    text = SMALL.replace("step: 0.1", "step: -0.1")
    assert refusal(text, tmp_path).startswith(at(text, "gd: {") + "experiments.small.fitters.gd")
    text = SMALL.replace("n: 60", "n: many")
    assert refusal(text, tmp_path).startswith(at(text, "n: many") + "experiments.small.data.n: ")
    text = SMALL.replace("figures: {}", "figurs: {}")
    assert refusal(text, tmp_path).startswith(at(text, "figurs") + "config: unknown setting")
    text = SMALL.replace("iterations: 3", "iterations: 0")
    assert refusal(text, tmp_path).startswith(at(text, "iterations: 0") + "experiments.small.iter")


@pytest.mark.parametrize("name", ["se\u202eed", "seed\u200b", "se\\ed", "it's", 'se"ed', "sëed"])
def test_unknown_setting_of_any_name_has_its_place(name, tmp_path):
    key = json.dumps(name, ensure_ascii=False)
    text = f"{SMALL}{key}: 1\n"
    assert refusal(text, tmp_path).startswith(f"{at(text, key)}config: unknown setting ")
    text = SMALL.replace("n: 60", f"n: 60, {key}: 1")
    assert refusal(text, tmp_path).startswith(f"{at(text, key)}experiments.small.data.")


def test_mistake_in_a_generated_entry_has_the_place_of_its_origin(tmp_path):
    entry = "{draw: figure_1, target: figures, reads: {summary: small}, each: {model: [a, b]}}"
    text = SMALL.replace("figures: {}", f"figures:\n  many: {entry}")
    message = refusal(text, tmp_path)
    assert message.startswith(at(text, "many: {") + "figures.many_a")


@pytest.mark.parametrize(
    "name",
    [
        "em (copy).py",
        ".#em.py",
        "em.orig.py",
        "em copy.py",
        "2em.py",
        "class.py",
        "em-2.py",
        "#em#.py",
    ],
)
def test_editors_files_among_the_sources_are_no_components(name, tmp_path, monkeypatch):
    (tmp_path / name).write_text("raise SystemExit", encoding="utf-8")
    (tmp_path / "lost.py").symlink_to(tmp_path / "absent.py")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "good.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(registry, "_place", lambda kind: tmp_path)
    assert registry.modules.__wrapped__("fitters") == ("good",)


def test_editors_files_among_the_kinds_of_jobs_are_no_kinds(monkeypatch):
    """Every kind of job is found by the same rule."""
    monkeypatch.setattr(base, "modules", lambda folder: ())
    assert list(base.every_job(None)) == []


def test_check_prints_the_place_and_exits_with_1(tmp_path, capsys):
    file = tmp_path / "config.yaml"
    file.write_text(SMALL.replace("seed: 7", "seed: 010"), encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        __main__.main(["check", str(file)])
    said = "010: a leading zero means base 8 to other readers: drop it"
    assert str(caught.value) == f"error: {file}, line 1, column 7: {said}"
