"""The key goes to no host but the API's: no redirect is followed, and http:// to another machine needs a setting."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from plain_server import serving
from portouts.errors import SettingsError
from portouts.load.settings.settings import read_settings, read_source_settings
from portouts_command import Ended

KEY = "KEY_CANARY_5508_NOT_A_SECRET"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_server_is_not_followed(status: int, command: Callable[..., Ended]) -> None:
    with serving(200) as (elsewhere, asked_elsewhere):
        target = f"{elsewhere}/v2/portouts"
        with serving(status, Location=target) as (api, asked):
            ended = command("sync", TELNYX_API_KEY=KEY, TELNYX_BASE_URL=f"{api}/v2")
    assert (ended.code, f"It redirects to {target}. Check TELNYX_BASE_URL." in ended.err) == (1, True)
    assert f"Bearer {KEY}" in asked[0].headers
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
