"""Looks that can be told apart, and equal figures in equal files."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from emmoe.figures._shared import style
from emmoe.store import files

PAPERS = ("em", "gradient_em", "gradient_descent", "em_solved")  # those of Figures 1 to 3


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
    new.legend(loc="outside lower center")
    return new


def test_algorithms_differ_in_colour_line_marker_and_grey():
    looks = [style.LOOKS[name] for name in PAPERS]
    for part in ("colour", "line", "marker"):
        assert len({getattr(look, part) for look in looks}) == len(looks)
    greys = sorted(np.dot(to_rgb(look.colour), [0.299, 0.587, 0.114]) for look in looks)
    assert min(np.diff(greys)) > 0.1


def test_no_two_algorithms_share_a_look_and_marks_differ_where_colours_do_not():
    looks = style.LOOKS.values()
    for parts in (("colour", "line"), ("marker",)):
        assert len({str([getattr(look, p) for p in parts]) for look in looks}) == len(looks)


def test_a_new_fitter_gets_a_look_of_its_own():
    found = style.looks(["em", "momentum", "newton", "adam"])
    assert found["em"] == style.LOOKS["em"]
    assert len({look.colour for look in found.values()}) == 4


def test_a_figure_says_its_message_and_so_do_its_files(tmp_path):
    message = "EM needs 5 iterations, gradient EM 28 of them, and GD more than there were at all."
    new = figure()
    with style.context():
        style.tell(new, message)
    save(new, tmp_path, "a")
    assert new.get_suptitle().replace("\n", " ") == message and "\n" in new.get_suptitle()
    with Image.open(tmp_path / "a.png") as image:
        assert image.text == {"Description": message}
        assert image.width == pytest.approx(3.3 * 300, abs=1)
    assert message.encode() in (tmp_path / "a.pdf").read_bytes()


def test_fonts_are_in_the_pdf(tmp_path):
    save(figure(), tmp_path, "a")
    assert b"/FontFile2" in (tmp_path / "a.pdf").read_bytes()


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
