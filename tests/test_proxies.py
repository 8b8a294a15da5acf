"""Proxies of the environment: one that cannot be used is named, and none is ever handed a request to this machine."""

from __future__ import annotations

import pytest
from portouts.errors import SettingsError
from portouts.load.settings.settings import read_source_settings

UNUSABLE = {
    "ftp://CANARY_USER:CANARY@proxy.test:21": "it must begin with http://, https://, socks5:// or socks5h://",
    "proxy.test:abc": "its port is no number",
    "http://CANARY@proxy.test:99999": "its port is 99999, not between 1 and 65535",
    "http://:3128": "it names no host",
    "socks5://proxy.test:1080": "a SOCKS proxy needs the package socksio (pip install 'httpx[socks]')",
}


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(("url", "problem"), UNUSABLE.items(), ids=UNUSABLE)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    url: str, problem: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, url)
    with pytest.raises(SettingsError) as raised:
        read_source_settings("KEY_FAKE")
    assert str(raised.value) == f"The proxy in {variable} cannot be used: {problem}. Correct or unset it."


@pytest.mark.parametrize("url", ["http://proxy.test:3128", "proxy.test", "https://user:pass@proxy.test", ""])
def test_a_proxy_that_can_be_used_is_accepted(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    assert read_source_settings("KEY_FAKE").api_key == "KEY_FAKE"


def test_a_variable_in_lower_case_is_used_before_one_in_upper_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy.test")
    monkeypatch.setenv("https_proxy", "http://proxy.test")
    assert read_source_settings("KEY_FAKE").api_key == "KEY_FAKE"
