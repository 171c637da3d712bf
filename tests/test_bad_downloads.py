"""Sites that cut, change, stall, drip or redirect, killed fetches, and several at once."""

import contextlib
import random
import signal
import subprocess
import sys
import threading
import time

import pytest
from site_helpers import BODY, PAGE, SHA256, refused, reply

from emmoe.store.killed import remove_unfinished


def redirect(to):
    """A reply that leads from a page to the one that `to` makes of its number."""

    def answer(handler):
        number = int(handler.path.rpartition("/")[2].removesuffix("data.gz") or 0)
        handler.send_response(302)
        handler.send_header("Location", to(handler.server.url, number))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.mark.parametrize(
    "to",
    [
        lambda url, n: f"{url}/data.gz",
        lambda url, n: f"{url}/{n + 1}",
        lambda url, n: f"{url}/{1 - n}",
        lambda url, n: "file:///etc/hostname",
    ],
    ids=["to itself", "ever further", "to and fro", "to a file here"],
)
def test_redirects_that_lead_nowhere_are_told(new_site, get, to):
    site = new_site(redirect(to))
    assert "HTTP 302, redirected for ever or to no web page" in refused(get, site.url)
    assert len(site.asked) <= 11 and get.waits == []


def test_redirect_to_the_file_is_followed(new_site, get):
    good = new_site()
    site = new_site(redirect(lambda url, n: f"{good.url}/elsewhere"))
    assert get(site.url).read_bytes() == BODY and good.asked == ["/elsewhere"]


def altered():
    """Wrong bodies of the right size: bytes anywhere, zeros, the ends changed, a page padded."""
    rng = random.Random(1)
    for position in (0, len(BODY) - 1, *(rng.randrange(len(BODY)) for _ in range(5))):
        yield BODY[:position] + bytes([BODY[position] ^ 1]) + BODY[position + 1 :]
    yield bytes(len(BODY))
    yield BODY[::-1]
    yield PAGE.ljust(len(BODY))
    yield b'{"error": 503}'.ljust(len(BODY))


def test_wrong_bytes_of_the_right_size_are_never_kept(new_site, get):
    for body in altered():
        said = refused(get, new_site(reply(body)).url, size=len(BODY))
        assert "wrong SHA-256" in said or "an HTML page" in said


def test_reply_cut_anywhere_is_never_kept(new_site, get):
    rng = random.Random(2)
    for length in (0, 1, len(BODY) - 1, *(rng.randrange(len(BODY)) for _ in range(5))):
        said = refused(get, new_site(reply(BODY[:length], declared=len(BODY))).url, retries=0)
        assert f"truncated at {length} of {len(BODY)} bytes" in said
        said = refused(get, new_site(reply(BODY[:length])).url, size=len(BODY))
        assert f"{length} of {len(BODY)} bytes" in said


@pytest.mark.parametrize("sent", [0, 1, len(BODY) // 2])
def test_stalled_reply_is_given_up_and_asked_for_again(new_site, get, monkeypatch, sent):
    monkeypatch.setattr("emmoe.store.download.TIMEOUT", 0.2)
    release = threading.Event()
    site = new_site(reply(BODY[:sent], declared=len(BODY), stall=release), reply())
    assert get(site.url).read_bytes() == BODY
    assert (len(site.asked), get.waits) == (2, [0.5])
    release.set()


def test_server_that_accepts_and_says_nothing_is_given_up(new_site, get, monkeypatch):
    monkeypatch.setattr("emmoe.store.download.TIMEOUT", 0.2)
    release = threading.Event()
    assert "timed out" in refused(get, new_site(lambda h: release.wait(5)).url, retries=0)
    release.set()


def test_reply_that_drips_is_given_up(new_site, get, monkeypatch):
    monkeypatch.setattr("emmoe.store.download.GRACE", 0.3)

    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                handler.wfile.write(b"x")
                time.sleep(0.05)

    began = time.monotonic()
    assert "too slow: " in refused(get, new_site(drip).url)
    assert time.monotonic() - began < 5


def fetching(site, get):
    """A process that fetches the file."""
    code = (
        "import sys; from pathlib import Path; from emmoe.store.download import fetch\n"
        "fetch('set/data.gz', [sys.argv[1]], sys.argv[2], Path(sys.argv[3]))\n"
    )
    command = [sys.executable, "-c", code, site.url, SHA256, str(get.destination)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def begun(get, count=1):
    """Wait until so many fetches have begun to write."""
    deadline = time.monotonic() + 30
    while len(list(get.destination.parent.glob(".data.gz.*.part"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_a_killed_fetch_left_is_no_file_and_removed_by_the_next_run(new_site, get):
    release = threading.Event()
    site = new_site(reply(BODY[:1000], declared=len(BODY), stall=release))
    child = fetching(site, get)
    begun(get)
    child.kill()
    child.wait()
    release.set()
    assert [path.suffix for path in get.destination.parent.iterdir()] == [".part"]
    assert get(new_site().url).read_bytes() == BODY
    assert remove_unfinished([get.destination.parent]) == 1
    assert [path.name for path in get.destination.parent.iterdir()] == ["data.gz"]


def test_fetches_of_one_file_at_once_disturb_neither_each_other_nor_the_file(new_site, get):
    release = threading.Event()

    def slow(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(BODY)))
        handler.end_headers()
        handler.wfile.write(BODY[:1000])
        release.wait(30)
        handler.wfile.write(BODY[1000:])

    site = new_site(slow)
    children = [fetching(site, get) for _ in range(3)]
    begun(get, 3)
    assert remove_unfinished([get.destination.parent]) == 0  # all are being written
    children[0].kill()
    release.set()
    assert [child.wait(30) for child in children] == [-signal.SIGKILL, 0, 0]
    assert get.destination.read_bytes() == BODY
    assert remove_unfinished([get.destination.parent]) == 1
    assert [path.name for path in get.destination.parent.iterdir()] == ["data.gz"]
