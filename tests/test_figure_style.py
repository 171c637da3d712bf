"""Looks that can be told apart, and equal figures in equal files."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from emmoe.figures._shared import style
from emmoe.store import files


def save(made, folder, name):
    for suffix, write in style.contents(made, None).items():
        files.write(write, folder / f"{name}.{suffix}")


@style.context()
def figure():
    """A figure with what the real ones hold: log axis, curve, band, marks, mathematics, legend."""
    new, (left, right) = style.two_panels()
    t = np.arange(10)
    style.log_axis(left, (0.01, 1), (1, 2, 5))
    left.plot(t, np.exp(-t / 3), "o-", label=r"$\theta_t$")
    right.fill_between(t, t, t + 1, alpha=0.2)
    new.legend(loc="outside upper center")
    return new


def test_algorithms_differ_in_colour_line_marker_and_grey():
    looks = style.LOOKS.values()
    for part in ("colour", "line", "marker"):
        assert len({getattr(look, part) for look in looks}) == len(looks)
    greys = sorted(np.dot(to_rgb(look.colour), [0.299, 0.587, 0.114]) for look in looks)
    assert min(np.diff(greys)) > 0.1


def test_a_new_fitter_gets_a_look_of_its_own():
    found = style.looks(["em", "momentum", "newton"])
    assert found["em"] == style.LOOKS["em"]
    assert len(set(found.values())) == 3


def test_equal_figures_are_equal_files_whatever_the_clock_and_the_user_s_settings(tmp_path):
    save(figure(), tmp_path, "a")
    with matplotlib.rc_context({"font.size": 20, "xtick.direction": "in", "savefig.dpi": 50}):
        save(figure(), tmp_path, "b")
    for kind in ("png", "pdf"):
        content = (tmp_path / f"a.{kind}").read_bytes()
        assert content == (tmp_path / f"b.{kind}").read_bytes()
        for word in (b"CreationDate", b"Software", matplotlib.__version__.encode()):
            assert word not in content
    assert len(list(tmp_path.iterdir())) == 4


def test_a_failed_save_leaves_no_file(tmp_path, monkeypatch):
    new = figure()
    monkeypatch.setattr(new, "savefig", lambda path, **options: path.touch() or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(new, tmp_path, "a")
    assert not list(tmp_path.iterdir())
