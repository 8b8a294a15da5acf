"""The key goes to no host but the API's: no redirect is followed, and http:// to another machine needs a setting."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from portouts.errors import SettingsError
from portouts.load.settings.settings import read_settings, read_source_settings
from portouts_command import Ended

KEY = "KEY_CANARY_5508_NOT_A_SECRET"


@contextmanager
def server(status: int, **headers: str) -> Iterator[tuple[str, list[str]]]:
    """Serve one answer to every request; yield the address and all that was asked, with the key that it came with."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path} {self.headers.get('Authorization')}")
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        do_PATCH = do_HEAD = do_POST = do_GET  # noqa: N815 - the names are those of http.server

        def log_message(self, *_arguments: object) -> None:
            """Keep standard error for the command."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}", asked
    finally:
        listening.shutdown()
        listening.server_close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_server_is_not_followed(status: int, command: Callable[..., Ended]) -> None:
    with server(200) as (elsewhere, asked_elsewhere):
        target = f"{elsewhere}/v2/portouts"
        with server(status, Location=target) as (api, asked):
            ended = command("sync", TELNYX_API_KEY=KEY, TELNYX_BASE_URL=f"{api}/v2")
    assert (ended.code, f"It redirects to {target}. Check TELNYX_BASE_URL." in ended.err) == (1, True)
    assert f"Bearer {KEY}" in asked[0]
    assert asked_elsewhere == []
    assert KEY not in ended.out + ended.err


URL = "http://api.example/v2"


def test_http_to_another_machine_needs_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=re.escape("unless allow_insecure_http = true")):
        read_settings(KEY, URL)
    with pytest.raises(SettingsError, match="must begin with https://"):
        read_settings(KEY, URL, allow_insecure_http=False)
    assert read_source_settings(KEY, URL, allow_insecure_http=True).base_url == URL
    monkeypatch.setenv("SOURCES__TELNYX__ALLOW_INSECURE_HTTP", "true")
    assert read_source_settings(KEY, URL).base_url == URL


@pytest.mark.parametrize("url", ["ftp://api.example/v2", "http://user@api.example/v2", "api.example/v2"])
def test_the_setting_allows_nothing_else(url: str) -> None:
    with pytest.raises(SettingsError, match="TELNYX_BASE_URL"):
        read_settings(KEY, url, allow_insecure_http=True)
