"""A dead-man monitor is pinged after each run; its address stays secret, and it cannot hold up a command."""

from __future__ import annotations

import pytest
from monitor_receiver import SILENT, Receiver, receiving
from portouts.errors import SettingsError
from portouts.load.settings.files import Setting
from portouts.load.settings.receivers import receivers_among
from portouts.load.settings.settings import check_settings
from portouts.monitor import ping as ping_module
from portouts.monitor.ping import ping

SECRET = "8f1c-canary-0042"


def pinged(receiver: Receiver, path: str = f"/{SECRET}", *, is_success: bool = True) -> str | None:
    return ping(receiver.url + path, is_success=is_success, pause=lambda _seconds: None)


@pytest.mark.parametrize(
    ("path", "is_success", "asked"),
    [
        ("/ping/1", True, "/ping/1"),
        ("/ping/1", False, "/ping/1/fail"),
        ("/ping/1/", False, "/ping/1/fail"),
        ("/ping/1?create=1", False, "/ping/1/fail?create=1"),
        ("", False, "/fail"),
    ],
)
def test_a_success_asks_the_address_and_a_failure_asks_below_it(path: str, is_success: bool, asked: str) -> None:
    with receiving(200) as receiver:
        assert pinged(receiver, path, is_success=is_success) is None
        assert receiver.asked == [asked]
        assert {name.lower() for name in receiver.headers[0]} & {"authorization", "cookie"} == set()


@pytest.mark.parametrize(("statuses", "tries"), [([503, 429, 200], 3), ([500, 200], 2), ([204], 1)])
def test_what_may_succeed_later_is_tried_three_times(statuses: list[int], tries: int) -> None:
    with receiving(*statuses) as receiver:
        assert pinged(receiver) is None
        assert len(receiver.asked) == tries


@pytest.mark.parametrize(
    ("status", "tries", "said"),
    [
        (503, 3, "answered HTTP 503."),
        (404, 1, "answered HTTP 404."),
        (302, 1, "answered HTTP 302, which is not followed: set ping_url to where it leads."),
    ],
)
def test_a_failed_ping_is_reported_without_the_address(status: int, tries: int, said: str) -> None:
    with receiving(status) as receiver:
        assert pinged(receiver) == f"127.0.0.1 {said}"
        assert receiver.asked == [f"/{SECRET}"] * tries


def test_a_monitor_that_is_silent_or_gone_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ping_module, "ONE_TRY", 0.05)
    with receiving(SILENT) as receiver:
        assert pinged(receiver) == "127.0.0.1 gave no answer (ReadTimeout)."
        assert len(receiver.asked) == 3
    assert pinged(receiver) == "127.0.0.1 gave no answer (ConnectError: connection refused)."


def test_all_tries_together_end_before_the_command_gives_up() -> None:
    assert ping_module.ALL_TRIES < 10


@pytest.mark.parametrize("insecure", [False, True])
def test_an_address_that_can_be_read_on_its_way_is_refused_unless_that_is_accepted(insecure: bool) -> None:
    found = {
        "metrics.ping_url": Setting(f"http://monitor.example/{SECRET}", "secrets.toml"),
        "allow_insecure_http": Setting(insecure, "config.toml"),
    }
    if insecure:
        assert check_settings(found).metrics.ping_url == receivers_among(found).metrics.ping_url
        return
    with pytest.raises(SettingsError, match="must begin with https") as refused:
        check_settings(found)
    assert SECRET not in str(refused.value)
    assert receivers_among(found).metrics.ping_url is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/ping", "http://localhost/ping", "https://monitor.example/ping"])
def test_an_address_of_this_machine_or_over_tls_is_accepted(url: str) -> None:
    assert check_settings({"metrics.ping_url": Setting(url, "secrets.toml")}).metrics.ping_url == url
