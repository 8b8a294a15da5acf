"""`portouts doctor`: what it says about the settings, the key, its rights and the API, and that it leaves no trace."""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from http_replies import Reply, answering, counted, refused
from portouts.doctor import machine
from portouts.doctor.checkup import Checkup, Surroundings, check_up
from portouts.doctor.findings import Finding
from portouts.doctor.machine import check_extras, check_network, check_time_zones
from portouts.extras import install_command
from portouts_command import Ended
from portouts_sandbox import World, create_app, running
from simulated_account import API_KEY, BASE_URL, Account

KEY = "KEY_CANARY_4711_NOT_A_SECRET"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PAGE = Reply(body="<html>Please log in</html>")


def surroundings(folder: Path, base_url: str, **environ: str) -> Surroundings:
    given = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": base_url, **environ}
    return Surroundings(folder / "data" / "portouts.duckdb", None, [], given, NOW)


def finding(checkup: Checkup, check: str) -> Finding:
    [found] = [one for one in checkup.checks if one.check == check]
    return found


def shown(ended: Ended) -> dict[str, tuple[str, str]]:
    """Return verdict and text of each line, by its check."""
    lines = [line for line in ended.out.splitlines() if line[:8].strip() in {"ok", "warning", "failed", "skipped"}]
    checks = [(line[:8].strip(), *line[9:].split(": ", 1)) for line in lines]
    return {check: (verdict, text) for verdict, check, text in checks}


@pytest.fixture
def account() -> Iterator[tuple[Any, str]]:
    app = create_app(World(300, seed=3), api_key=KEY, rate_limit=50)
    with running(app) as base_url:
        yield app, base_url


def test_a_good_account_is_ready_for_a_first_sync(
    account: tuple[Any, str], command: Callable[..., Ended], tmp_path: Path
) -> None:
    app, base_url = account
    ended = command("doctor", TELNYX_API_KEY=KEY, TELNYX_BASE_URL=base_url)
    checks = shown(ended)
    assert (ended.code, "Ready: run `portouts sync`." in ended.out, KEY in ended.out) == (0, True, False)
    assert {check for check, (verdict, _) in checks.items() if verdict in ("failed", "skipped")} == set()
    assert checks["settings"][1].startswith("valid; found api_key in environment variable TELNYX_API_KEY; base_url in")
    assert checks["orders"] == ("ok", "readable; there are 300.")
    assert checks["rate limit"] == ("ok", "50 requests in 1 s, as the answers' headers state it.")
    assert "about 13 requests (2 for orders, 4 for events, 1 for ported orders" in checks["first load"][1]
    assert f"nothing at {tmp_path}/data/portouts.duckdb yet" in checks["published file"][1]
    assert app.state.requests[0] == "GET /portouts"
    assert sorted(app.state.requests) == ["GET /portouts"] * 3 + ["GET /portouts/events"]
    assert list(tmp_path.iterdir()) == []


def test_json_is_one_object_and_a_failure_has_the_fields_of_every_failure(
    account: tuple[Any, str], command: Callable[..., Ended]
) -> None:
    good = command("doctor", "--json", TELNYX_API_KEY=KEY, TELNYX_BASE_URL=account[1])
    said = json.loads(good.out)
    assert (good.code, said["verdict"] in ("ok", "warning"), "error" in said) == (0, True, False)
    assert (said["orders"], said["first_load_requests"], said["first_load_minutes"]) == (300, 13, 0.0)
    assert set(said["checks"][0]) == {"check", "verdict", "found", "advice"}
    bad = command("doctor", "--json", TELNYX_API_KEY="KEY_CANARY_OF_ANOTHER", TELNYX_BASE_URL=account[1])
    said = json.loads(bad.out)
    assert (bad.code, said["exit_code"], said["error"]) == (1, 1, "A sync would fail: see key.")
    assert said["verdict"] == "failed"
    assert "CANARY" not in bad.out + bad.err


def files(folder: Path) -> dict[Path, tuple[int, int, int]]:
    found = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    return {path: (stat.st_mtime_ns, stat.st_size, stat.st_mode) for path, stat in found.items()}


@pytest.mark.parametrize(("orders", "page_size"), [(0, 250), (400, 50)])
def test_a_first_load_takes_about_as_many_requests_as_estimated_and_nothing_of_it_is_changed(
    orders: int, page_size: int, tmp_path: Path
) -> None:
    held = Account(World(orders, seed=3), tmp_path / "portouts.duckdb", page_size)
    given = {"TELNYX_API_KEY": API_KEY, "TELNYX_BASE_URL": BASE_URL, "SOURCES__TELNYX__PAGE_SIZE": str(page_size)}
    looked_at = Surroundings(held.database, None, [], given, NOW)
    estimated = check_up(looked_at, open_client=held.open_client).first_load_requests
    assert estimated == pytest.approx(held.sync().report.requests, rel=0.15, abs=3)
    before = files(tmp_path)
    again = check_up(looked_at, open_client=held.open_client)
    assert files(tmp_path) == before
    assert finding(again, "published file").found == (
        f"a warehouse of portouts, shows {held.world.now:%Y-%m-%d %H:%M} UTC; DuckDB's storage version is v1.4.0+"
    )
    assert {finding(again, check).verdict for check in ("in use", "file rights", "working folder")} == {"ok"}


# What the API can answer

HEADERS_OF_A_DAY_AHEAD = {"Date": format_datetime(datetime.now(UTC) - DAY, usegmt=True)}
REPLIES: dict[str, tuple[Callable[[str], Reply], dict[str, tuple[str, str]]]] = {
    "401": (
        lambda _path: refused(401, "Authentication failed"),
        {"API": ("ok", "answers"), "key": ("failed", "HTTP 401: Authentication failed"), "orders": ("skipped", "")},
    ),
    "403": (
        lambda _path: refused(403, "Authorization failed"),
        {
            "key": ("ok", "accepted"),
            "orders": ("failed", "HTTP 403: Authorization failed"),
            "events": ("warning", "shows none"),
        },
    ),
    "403 for events": (
        lambda path: refused(403) if "events" in path else counted(7),
        {"key": ("ok", ""), "orders": ("ok", "7"), "events": ("warning", "HTTP 403"), "first load": ("ok", "1 for")},
    ),
    "500 for events": (
        lambda path: refused(500) if "events" in path else counted(7),
        {"orders": ("ok", "7"), "events": ("failed", "HTTP 500")},
    ),
    "404": (lambda _path: refused(404), {"key": ("skipped", "not known"), "orders": ("failed", "HTTP 404")}),
    "redirect": (
        lambda _path: Reply(302, headers={"Location": "https://login.test/?token=CANARY"}),
        {"orders": ("failed", "It redirects to https://login.test/"), "key": ("skipped", "")},
    ),
    "page of a proxy": (
        lambda _path: PAGE,
        {"API": ("failed", "answered HTTP 200 with text/html, not JSON"), "key": ("skipped", "")},
    ),
    "page of a firewall": (
        lambda _path: Reply(403, "<html>Blocked</html>"),
        {"API": ("failed", "HTTP 403"), "key": ("skipped", ""), "orders": ("skipped", "")},
    ),
    "429": (
        lambda _path: refused(429, **{"Retry-After": "500"}),
        {"API": ("failed", "Telnyx asks to wait 9 minutes (Retry-After), which is longer than this check allows")},
    ),
    "no counts": (
        lambda _path: Reply(body={"data": [], "meta": {}}),
        {"orders": ("failed", "total_results is missing"), "first load": ("skipped", "")},
    ),
    "empty": (
        lambda _path: counted(0),
        {"orders": ("ok", "there are 0"), "empty account": ("warning", "no orders and no events")},
    ),
    "empty, and no right to events": (
        lambda path: refused(403) if "events" in path else counted(0),
        {"empty account": ("warning", "no orders and no events")},
    ),
    "events without orders": (
        lambda path: counted(5 if "events" in path else 0),
        {"empty account": ("warning", "shows 5 events and no order")},
    ),
    "machine a day ahead": (
        lambda _path: counted(7)._replace(headers=HEADERS_OF_A_DAY_AHEAD),
        {"clock": ("warning", "this machine's is 1 d 0 h ahead of the API's")},
    ),
    "no Date": (
        lambda _path: counted(7)._replace(headers={"Date": ""}),
        {"clock": ("warning", "have no Date")},
    ),
    "limit": (
        lambda _path: counted(1_000_000)._replace(headers={"x-ratelimit-limit": "40", "x-ratelimit-reset": "60"}),
        {
            "rate limit": ("ok", "40 requests in 60 s"),
            "first load": (
                "ok",
                "4,000 for ported orders, 6 for others) and 6 hours: at 0.667 requests per second, which is the API's",
            ),
        },
    ),
}


@pytest.mark.parametrize(("answer", "expected"), REPLIES.values(), ids=REPLIES)
def test_each_answer_of_the_api_is_distinguished(
    answer: Callable[[str], Reply], expected: dict[str, tuple[str, str]], tmp_path: Path
) -> None:
    with answering(answer) as server:
        checkup = check_up(surroundings(tmp_path, server.base_url))
    found = {check: finding(checkup, check) for check in expected}
    assert {check: found[check].verdict for check in found} == {
        check: verdict for check, (verdict, _) in expected.items()
    }
    for check, (_, text) in expected.items():
        assert text in found[check].found
    assert [one for one in checkup.checks if one.verdict == "warning" and not one.advice] == []
    assert "CANARY" not in str(checkup)
    assert max(Counter(server.requests).values()) <= 2
    assert len(set(server.requests)) <= 4
    assert {request[:8] for request in server.requests} == {"GET /v2/"}


def test_a_401_and_a_403_get_different_advice(tmp_path: Path) -> None:
    advice = {}
    for status, check in ((401, "key"), (403, "orders")):
        with answering(lambda _path, status=status: refused(status)) as server:  # type: ignore[misc] # binds `status`
            advice[status] = finding(check_up(surroundings(tmp_path, server.base_url)), check).advice
    assert "Copy the whole key again" in advice[401]
    assert "The key itself is right" in advice[403]


def test_a_first_load_begins_at_start_date(tmp_path: Path) -> None:
    with answering(lambda _path: counted(0)) as server:
        given = surroundings(tmp_path, server.base_url, SOURCES__TELNYX__START_DATE="2026-05-01")
        checkup = check_up(given)
    assert "since start_date (2026-05-01)" in finding(checkup, "empty account").found
    assert {"2026-05-01T00%3A00%3A00.000Z" in request for request in server.requests} == {True}


def test_events_that_are_not_wanted_are_not_asked_for(tmp_path: Path) -> None:
    with answering(lambda _path: counted(7)) as server:
        checkup = check_up(surroundings(tmp_path, server.base_url, SOURCES__TELNYX__EVENTS="false"))
    assert finding(checkup, "events").verdict == "ok"
    assert [request for request in server.requests if "events" in request] == []


def test_a_dead_port_is_reported_with_all_that_can_be_checked_without_the_api(
    command: Callable[..., Ended], tmp_path: Path
) -> None:
    # Port 9 of loopback: nothing listens there.
    ended = command("doctor", TELNYX_API_KEY=KEY, TELNYX_BASE_URL="http://127.0.0.1:9/v2")
    checks = shown(ended)
    assert (ended.code, ended.out.splitlines()[-1]) == (1, "A sync would fail: see API.")
    assert checks["API"][0] == "failed"
    assert "ConnectError: connection refused). Check TELNYX_BASE_URL, the network" in checks["API"][1]
    assert {checks[name][0] for name in ("key", "orders", "events", "first load", "clock")} == {"skipped"}
    assert {checks[name][0] for name in ("folder", "published file", "in use", "file rights")} == {"ok"}
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_silent_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/v2"
        checkup = check_up(surroundings(tmp_path, base_url), patience=0.2)
    assert finding(checkup, "API").verdict == "failed"
    assert "no answer yet from 127.0.0.1" in finding(checkup, "API").found


def test_a_server_that_falls_silent_after_its_first_answer_is_given_up(tmp_path: Path) -> None:
    answered: list[str] = []

    def once(path: str) -> Reply:
        answered.append(path)
        return counted(7) if len(answered) == 1 else Reply(headers={"Content-Length": "5000"})

    with answering(once) as server:
        checkup = check_up(surroundings(tmp_path, server.base_url), patience=0.4)
    assert finding(checkup, "orders").verdict == "ok"
    assert finding(checkup, "events").verdict in ("failed", "skipped")


# Settings


def test_a_wrong_setting_is_a_line_and_the_api_is_asked_all_the_same(
    account: tuple[Any, str], command: Callable[..., Ended], tmp_path: Path
) -> None:
    given = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": account[1]}
    ended = command("doctor", **given, SOURCES__TELNYX__TIME_ZONE="Mars/Olympus")
    checks = shown(ended)
    assert (ended.code, checks["settings"][0], checks["orders"][0]) == (1, "failed", "ok")
    assert "Mars/Olympus" in checks["settings"][1]
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "secrets.toml").write_text("api_key = KEY_CANARY")
    ended = command("doctor", **given)
    assert (ended.code, shown(ended)["orders"][0], "KEY_CANARY" in ended.out) == (1, "ok", False)
    assert "secrets.toml is not valid TOML" in shown(ended)["settings"][1]


def test_without_a_key_it_says_where_it_looked_and_checks_the_rest(command: Callable[..., Ended]) -> None:
    ended = command("doctor")
    checks = shown(ended)
    assert (ended.code, checks["settings"][0], checks["API"][0], checks["folder"][0]) == (1, "failed", "skipped", "ok")
    assert "No Telnyx API key" in checks["settings"][1]
    assert "Looked into" in checks["settings"][1]


def test_the_key_may_come_from_a_file_and_one_that_all_may_read_is_a_warning(
    account: tuple[Any, str], command: Callable[..., Ended], open_folder: Path
) -> None:
    file = open_folder / "key"
    file.write_text(KEY)
    for mode, verdict in ((0o600, None), (0o644, "warning")):
        file.chmod(mode)
        checks = shown(command("doctor", "--api-key-file", str(file), TELNYX_BASE_URL=account[1]))
        assert (checks["key"][0], checks.get("key file", (None,))[0]) == ("ok", verdict)
        assert f"--api-key-file {file}" in checks["settings"][1]


def test_a_database_that_can_be_none_is_wrong_usage(command: Callable[..., Ended]) -> None:
    assert command("doctor", "--database", ":memory:").code == 2
    assert command("doctor", "--database", "raw.duckdb").code == 2


# The machine


@pytest.mark.parametrize(
    ("version", "now", "verdict"),
    [
        ("2026b", NOW, "ok"),
        ("2025a", datetime(2026, 6, 30, tzinfo=UTC), "ok"),
        ("2025c", datetime(2026, 7, 1, tzinfo=UTC), "warning"),
        ("2024b", datetime(2026, 1, 1, tzinfo=UTC), "warning"),
    ],
)
def test_time_zone_data_is_old_half_a_year_after_its_year(version: str, now: datetime, verdict: str) -> None:
    assert check_time_zones(now, version).verdict == verdict


TELNYX = "https://api.telnyx.com/v2"
PROXY = "http://user:CANARY@proxy.test:3128"


@pytest.mark.parametrize(
    ("base_url", "environ", "verdict", "text"),
    [
        (TELNYX, {}, "ok", "no proxy; authorities of the package certifi"),
        (TELNYX, {"HTTPS_PROXY": PROXY}, "ok", "by the proxy proxy.test:3128 (HTTPS_PROXY); authorities of"),
        (TELNYX, {"HTTPS_PROXY": PROXY, "https_proxy": "other.test"}, "ok", "by the proxy other.test (https_proxy)"),
        (TELNYX, {"ALL_PROXY": PROXY}, "ok", "by the proxy proxy.test:3128 (ALL_PROXY)"),
        (TELNYX, {"http_proxy": PROXY}, "ok", "no proxy"),
        (TELNYX, {"HTTPS_PROXY": PROXY, "NO_PROXY": "a.test, .telnyx.com"}, "ok", "no proxy"),
        (TELNYX, {"HTTPS_PROXY": PROXY, "NO_PROXY": "elnyx.com"}, "ok", "by the proxy"),
        (TELNYX, {"SSL_CERT_FILE": "/etc/own.pem"}, "ok", "authorities of SSL_CERT_FILE=/etc/own.pem"),
        (TELNYX, {"SSLKEYLOGFILE": "/var/keys"}, "warning", "SSLKEYLOGFILE records the keys of all connections"),
        ("http://127.0.0.1:8000/v2", {"HTTP_PROXY": PROXY}, "ok", "no proxy is used; not encrypted"),
        ("http://api.test/v2", {}, "warning", "the API key can be read on its way"),
    ],
)
def test_the_way_to_the_api_is_shown_without_a_password(
    base_url: str, environ: dict[str, str], verdict: str, text: str
) -> None:
    found = check_network(base_url, environ)
    assert (found.verdict, text in found.found, "CANARY" in found.found) == (verdict, True, False), found


def test_a_missing_extra_is_a_warning_only_if_a_setting_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(machine.EXTRAS, "alerts", (("no_such_package",), "[alerts]"))
    assert check_extras().verdict == "ok"
    assert "alerts for [alerts]" in check_extras().found
    assert check_extras({"alerts"}).verdict == "warning"
    assert check_extras({"alerts"}).advice == f"Run `{install_command('alerts')}`."
