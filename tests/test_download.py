"""fetch() against a loopback server: only the right bytes are ever left under the final name."""

import contextlib
import io
import signal
import subprocess
import sys
import threading
import time

import pytest
from site_helpers import BODY, NAME, PAGE, SHA256, refused, reply

from emmoe.store.errors import DownloadError


def test_source_is_asked_for_the_bare_file_name(new_site, get):
    site = new_site()
    assert get(site.url + "/base/", size=len(BODY)).read_bytes() == BODY
    assert site.asked == ["/base/data.gz"]
    assert all("emmoe" in agent for agent in site.agents)
    assert [path.name for path in get.destination.parent.iterdir()] == ["data.gz"]


def test_checksum_may_be_written_in_capitals(new_site, get):
    assert get(new_site().url, sha256=SHA256.upper()).exists()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(PAGE), "got an HTML page"),
        (reply(b"\n" + PAGE + b" " * len(BODY)), "got an HTML page"),
        (reply(BODY[:-1] + b"x"), "wrong SHA-256 "),
        (reply(BODY + b"x"), f"another file, longer than the expected {len(BODY)} bytes"),
        (reply(BODY[:100]), f"truncated or another file: 100 of {len(BODY)} bytes"),
        (reply(b"", status=404), "HTTP 404"),
        (reply(b"", status=403), "HTTP 403"),
    ],
)
def test_lasting_failure_is_named_and_asked_once(new_site, get, answer, reason):
    site = new_site(answer)
    assert f"{site.url}/data.gz: {reason}" in refused(get, site.url, size=len(BODY))
    assert (len(site.asked), get.waits) == (1, [])


def test_reply_beyond_the_known_size_is_broken_off(new_site, get):
    sent = []

    def flood(handler):
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(ConnectionError):
            while len(sent) < 200:
                handler.wfile.write(BODY)
                sent.append(len(BODY))

    assert "longer than" in refused(get, new_site(flood).url, size=len(BODY))
    assert len(sent) < 200


def test_fetched_file_is_as_readable_as_any_new_file(new_site, get, tmp_path):
    (tmp_path / "new").touch()
    assert get(new_site().url).stat().st_mode == (tmp_path / "new").stat().st_mode


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(BODY[:100], declared=len(BODY)), f"truncated at 100 of {len(BODY)} bytes"),
        (reply(b"", status=503), "HTTP 503"),
        (lambda handler: None, "closed connection without response"),
    ],
)
def test_transient_failure_is_retried_with_growing_waits(new_site, get, answer, reason):
    site = new_site(answer)
    assert reason in refused(get, site.url, retries=2)
    assert (len(site.asked), get.waits) == (3, [0.5, 1.0])


def test_server_error_then_good_reply_succeeds(new_site, get):
    site = new_site(reply(b"", status=500), reply(BODY[:9], declared=99), reply())
    assert get(site.url).read_bytes() == BODY
    assert len(site.asked) == 3


def test_next_source_is_used_after_a_wrong_one(new_site, get):
    wrong, good, spare = new_site(reply(PAGE)), new_site(), new_site()
    assert get(wrong.url, good.url, spare.url).read_bytes() == BODY
    assert (len(wrong.asked), len(good.asked), len(spare.asked)) == (1, 1, 0)


def test_every_failed_source_is_told(new_site, get):
    first, second = new_site(reply(PAGE)), new_site(reply(b"", status=404))
    message = refused(get, first.url, second.url, "ftq://nowhere")
    assert f"{first.url}/data.gz: got an HTML page" in message
    assert f"{second.url}/data.gz: HTTP 404" in message
    assert "ftq://nowhere/data.gz: unknown url type" in message


def test_no_network_is_told_after_the_retries(new_site, get):
    site = new_site()
    site.shutdown()
    site.server_close()
    assert "Connection refused" in refused(get, site.url, retries=1)
    assert get.waits == [0.5]


@pytest.mark.parametrize("address", ["http://[::1", "http://127.0.0.1:x", "http://127.0.0.1 /", ""])
def test_malformed_source_is_told_without_a_retry(get, address):
    refused(get, address)
    assert get.waits == []


def test_no_source_at_all_is_told(get):
    assert "no source is configured" in refused(get)


def make_mirror(folder, body=BODY):
    (folder / "set").mkdir(parents=True)
    (folder / NAME).write_bytes(body)
    return folder


@pytest.mark.parametrize("as_value", [str, lambda path: path.as_uri(), lambda path: f" {path}/ "])
def test_mirror_folder_is_tried_first_by_relative_path(
    new_site, get, tmp_path, monkeypatch, as_value
):
    site = new_site()
    monkeypatch.setenv("EMMOE_MIRROR", as_value(make_mirror(tmp_path / "a mirror")))
    assert get(site.url).read_bytes() == BODY
    assert site.asked == []


def test_mirror_url_is_asked_by_relative_path(new_site, get, monkeypatch):
    site = new_site()
    monkeypatch.setenv("EMMOE_MIRROR", site.url)
    assert get().exists()
    assert site.asked == ["/" + NAME]


def test_relative_mirror_starts_at_the_current_directory(get, tmp_path, monkeypatch):
    make_mirror(tmp_path / "near")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("EMMOE_MIRROR", "../near")
    assert get().read_bytes() == BODY


@pytest.mark.parametrize(
    ("folder", "reason"), [("m", "wrong SHA-256"), ("none", "No such file or directory")]
)
def test_sources_follow_a_wrong_or_absent_mirror(
    new_site, get, tmp_path, monkeypatch, folder, reason
):
    make_mirror(tmp_path / "m", b"other bytes")
    monkeypatch.setenv("EMMOE_MIRROR", str(tmp_path / folder))
    assert reason in refused(get, str(tmp_path / "nowhere"))
    assert get(new_site().url).read_bytes() == BODY


def test_right_file_already_there_makes_no_request(new_site, get):
    get.destination.parent.mkdir()
    get.destination.write_bytes(BODY)
    before, site = get.destination.stat(), new_site()
    get(site.url)
    assert site.asked == [] and get.destination.stat() == before


def test_wrong_file_already_there_is_replaced(new_site, get):
    get.destination.parent.mkdir()
    get.destination.write_bytes(PAGE)
    assert get(new_site().url).read_bytes() == BODY


def test_wrong_file_already_there_is_removed_when_no_source_helps(new_site, get):
    get.destination.parent.mkdir()
    get.destination.write_bytes(PAGE)
    assert "removed, it had the wrong SHA-256" in refused(get, new_site(reply(PAGE)).url)


def test_unusable_destination_is_told_in_one_line(new_site, get):
    get.destination.parent.write_text("a file where the folder should be")
    site = new_site()
    with pytest.raises(DownloadError, match=r"^cannot write .*data\.gz: [^\n]+$"):
        get(site.url)
    assert site.asked == []


def test_interrupt_midway_leaves_nothing_behind(new_site, get):
    """A real SIGINT, in a child process, while the server holds back the second half."""
    release = threading.Event()
    site = new_site(reply(BODY[: len(BODY) // 2], declared=len(BODY), stall=release))
    code = (
        "import signal, sys; from pathlib import Path; from emmoe.store.download import fetch\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "fetch('data.gz', [sys.argv[1]], sys.argv[2], Path(sys.argv[3]))\n"
    )
    command = [sys.executable, "-c", code, site.url, SHA256, str(get.destination)]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 10
        while not any(get.destination.parent.glob(".data.gz.*.part")):
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        errors = child.communicate(timeout=10)[1]
    finally:
        child.kill()
        release.set()
    assert child.returncode != 0 and "KeyboardInterrupt" in errors
    assert list(get.destination.parent.iterdir()) == []


def test_progress_in_a_log_is_whole_lines_and_few(new_site, get, capsys):
    get(new_site().url, size=len(BODY))
    assert capsys.readouterr().err == "data.gz: 0.31 MB of 0.31 MB (100 %)\n"


def test_progress_on_a_terminal_is_one_moving_line(new_site, get, monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("emmoe.store.download.time.monotonic", iter(range(1000)).__next__)
    get(new_site().url)
    text = terminal.getvalue()
    assert text.count("\r") > 2 and text.count("\n") == 1 and text.endswith("0.31 MB\n")
