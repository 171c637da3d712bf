"""A loopback server whose replies a test gives, and what a fetch from it is and leaves."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from emmoe.store.download import fetch
from emmoe.store.errors import DownloadError

BODY = bytes(range(256)) * 1200  # several chunks
SHA256 = hashlib.sha256(BODY).hexdigest()
PAGE = b"<!DOCTYPE html><html><body>Sign in</body></html>"
NAME = "set/data.gz"


def reply(body=BODY, status=200, declared=None, stall=None):
    def answer(handler):
        handler.send_response(status)
        handler.send_header("Content-Length", str(declared or len(body)))
        handler.end_headers()
        handler.wfile.write(body)
        if stall:
            stall.wait(10)

    return answer


class Site(ThreadingHTTPServer):
    """Replies in order to every request, the last one again and again; `asked` lists the paths."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies, self.asked, self.agents = [reply()], [], set()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.agents.add(self.headers["User-Agent"])
        replies = self.server.replies
        (replies.pop(0) if len(replies) > 1 else replies[0])(self)

    def log_message(self, *args):
        pass


@pytest.fixture
def new_site(monkeypatch):
    monkeypatch.delenv("EMMOE_MIRROR", raising=False)
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(variable, "*")
    sites = []

    def start(*replies):
        site = Site()
        site.replies = list(replies) or site.replies
        threading.Thread(target=site.serve_forever, args=(0.01,), daemon=True).start()
        sites.append(site)
        return site

    yield start
    for site in sites:
        site.shutdown()
        site.server_close()


@pytest.fixture
def get(new_site, tmp_path):
    """Fetch into tmp_path/out without waiting; returns the destination and keeps the waits."""

    def call(*sources, sha256=SHA256, **options):
        fetch(NAME, list(sources), sha256, call.destination, sleep=call.waits.append, **options)
        return call.destination

    call.destination, call.waits = tmp_path / "out" / "data.gz", []
    return call


def refused(get, *sources, **options):
    """The message of a failed fetch, after checking that it is one line and nothing is left."""
    with pytest.raises(DownloadError) as caught:
        get(*sources, **options)
    assert list(get.destination.parent.iterdir()) == []
    message = str(caught.value)
    assert "\n" not in message and NAME in message
    assert str(get.destination) in message and "EMMOE_MIRROR" in message
    return message
