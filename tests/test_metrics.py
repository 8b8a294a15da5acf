"""The metrics file: what it says after runs that ended well and not, and that a collector can always read it."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from monitor_receiver import receiving
from portouts.extras import install_command
from portouts.monitor.metrics import HELP, Account, LastRun, Published, metrics_text
from portouts.monitor.textfile import read_published, write_metrics
from portouts_command import KEY, Ended
from portouts_sandbox import World, create_app, running
from prometheus_client.parser import text_string_to_metric_families
from simulated_account import ask

DATABASE = "/srv/portouts.duckdb"
ACCOUNTS = (Account("acme", 1000.0, has_failed=False), Account("former", None, has_failed=True))
PUBLISHED = Published(1000.0, 1010.0, 7, 5, 2, "PROVEN", 1005.0, ACCOUNTS)
Labels = frozenset[tuple[str, str]]


def samples_of(text: str) -> dict[tuple[str, Labels], float]:
    """Read a file as Prometheus does; a sample that stands there twice is an error."""
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    found = {(one.name, frozenset(one.labels.items())): one.value for one in samples}
    assert len(found) == len(samples)
    return found


def value_of(text: str, name: str, **labels: str) -> float | None:
    """Return the value of one metric of our database, named without its prefix."""
    return samples_of(text).get((f"portouts_{name}", frozenset({"database": DATABASE, **labels}.items())))


def written(run: LastRun, published: Published | None = PUBLISHED, before: str = "", database: str = DATABASE) -> str:
    return metrics_text(database, {"version": "1"}, run, published, before)


def sync_run(ended_at: float, exit_code: int = 0, **known: Any) -> LastRun:
    return LastRun("sync", ended_at, 3.0, exit_code, **known)


# The text


def test_a_run_and_the_published_file_are_written_in_full() -> None:
    run = sync_run(
        1010.0,
        phases={"read": 0.5, "publish": 0.25},
        requests=9,
        refusals={"rate_limit": 1, "server": 2, "no_answer": 0},
        retries=3,
        rows_read={"orders": 11, "events": 4},
        orders_changed=6,
        unproven_ranges=0,
    )
    text = written(run)
    sync = {"command": "sync"}
    assert value_of(text, "last_run_timestamp_seconds", **sync) == 1010
    assert value_of(text, "last_success_timestamp_seconds", **sync) == 1010
    assert value_of(text, "last_run_exit_code", **sync) == 0
    assert value_of(text, "last_run_phase_duration_seconds", phase="publish", **sync) == 0.25
    assert value_of(text, "last_run_refusals", reason="server", **sync) == 2
    assert value_of(text, "last_run_rows_read", kind="events", **sync) == 4
    assert value_of(text, "last_run_orders_changed", **sync) == 6
    assert value_of(text, "last_run_unproven_ranges", **sync) == 0
    assert value_of(text, "data_as_of_timestamp_seconds") == 1000
    assert value_of(text, "pending_overdue_orders") == 2
    assert value_of(text, "account_as_of_timestamp_seconds", account="acme") == 1000
    assert [value_of(text, "account_failed", account=one) for one in ("acme", "former")] == [0, 1]
    verdicts = [value_of(text, "verification_verdict", verdict=one) for one in ("PROVEN", "DIFFERENT", "UNPROVEN")]
    assert verdicts == [1, 0, 0]
    assert {family.name for family in text_string_to_metric_families(text)} == HELP.keys()
    assert [line for line in text.splitlines() if line.startswith("# TYPE") and not line.endswith(" gauge")] == []


def test_a_failure_keeps_the_last_success_and_says_nothing_that_it_does_not_know() -> None:
    text = written(sync_run(2000.0, 1), before=written(sync_run(1012.0, orders_changed=6)))
    assert value_of(text, "last_success_timestamp_seconds", command="sync") == 1012
    assert value_of(text, "last_run_timestamp_seconds", command="sync") == 2000
    assert value_of(text, "last_run_exit_code", command="sync") == 1
    assert value_of(text, "last_run_orders_changed", command="sync") is None


@pytest.mark.parametrize("before", ["", "no metrics {", "other_metric 1\n"])
def test_without_an_earlier_file_the_last_success_is_that_of_the_published_one(before: str) -> None:
    text = written(sync_run(2000.0, 1), before=before)
    assert value_of(text, "last_success_timestamp_seconds", command="sync") == 1010
    assert value_of(written(sync_run(2000.0, 1), None), "last_success_timestamp_seconds", command="sync") is None
    assert (
        value_of(written(LastRun("verify", 2000.0, 3.0, 3)), "last_success_timestamp_seconds", command="verify") is None
    )


def test_what_other_commands_and_databases_have_written_stays() -> None:
    text = written(sync_run(1010.0))
    text = written(LastRun("verify", 1500.0, 60.0, 3), before=text)
    text = written(sync_run(1600.0), before=text, database='/srv/"other" one.duckdb')
    text = written(sync_run(1700.0, 1), before=text)
    assert value_of(text, "last_run_exit_code", command="verify") == 3
    assert value_of(text, "last_run_timestamp_seconds", command="verify") == 1500
    assert value_of(text, "last_success_timestamp_seconds", command="sync") == 1010
    others = [value for (_, labels), value in samples_of(text).items() if ("database", DATABASE) not in labels]
    assert {1600.0, 7.0} <= set(others)


# The commands


@pytest.fixture(scope="module")
def api() -> Iterator[tuple[World, str]]:
    world = World(300, seed=5)
    with running(create_app(world, api_key=KEY)) as base_url:
        yield world, base_url


def test_sync_and_verify_write_the_file_and_ping_whether_they_end_well_or_not(
    api: tuple[World, str], command: Callable[..., Ended], tmp_path: Path
) -> None:
    (world, base_url), file = api, tmp_path / "portouts.prom"
    until = ("--as-of", world.now.isoformat())
    with receiving(200) as monitor:
        settings = {
            "TELNYX_API_KEY": KEY,
            "TELNYX_BASE_URL": base_url,
            "METRICS__FILE": str(file),
            "METRICS__PING_URL": f"{monitor.url}/uuid",
        }
        assert command("sync", *until, **settings).code == 0
        assert command("verify", **settings).code == 0
        good = file.read_text()
        assert command("sync", *until, **{**settings, "TELNYX_API_KEY": "KEY_WRONG"}).code == 1
        assert command("sync", **{**settings, "SOURCES__TELNYX__PAGE_SIZE": "0"}).code == 2
        with FileLock(tmp_path / "data" / ".portouts" / "portouts.duckdb" / "lock"):
            assert command("sync", **settings).code == 75
        assert monitor.asked == ["/uuid", "/uuid", "/uuid/fail", "/uuid/fail"]
    published = tmp_path / "data" / "portouts.duckdb"
    own, bad = {"database": str(published)}, file.read_text()
    [(is_open, pending, as_of)] = ask(
        published,
        "select (select count(*) from marts.fct_portouts where is_open), (select count(*) from marts.rpt_open_orders), "
        "(select epoch(max(as_of)) from raw.syncs)",
    )
    assert pending > 0
    assert value_of(good, "open_orders", **own) == is_open
    assert value_of(good, "pending_orders", **own) == pending
    assert value_of(good, "data_as_of_timestamp_seconds", **own) == as_of
    assert value_of(good, "last_run_rows_read", command="sync", kind="orders", **own) == 300
    assert value_of(good, "last_run_phase_duration_seconds", command="verify", phase="verify", **own)
    assert value_of(bad, "last_run_exit_code", command="sync", **own) == 2
    assert value_of(bad, "last_run_exit_code", command="verify", **own) == 0
    succeeded = [value_of(text, "last_success_timestamp_seconds", command="sync", **own) for text in (good, bad)]
    assert succeeded[0] == succeeded[1] is not None
    assert (stat.S_IMODE(file.stat().st_mode), [*tmp_path.glob(".*.part")]) == (0o644, [])


def test_a_monitor_that_cannot_be_reached_is_a_note_and_nothing_else(
    api: tuple[World, str], command: Callable[..., Ended], tmp_path: Path
) -> None:
    world, base_url = api
    with receiving(404) as monitor:
        ended = command(
            *("sync", "--as-of", world.now.isoformat()),
            TELNYX_API_KEY=KEY,
            TELNYX_BASE_URL=base_url,
            METRICS__FILE=str(tmp_path / "none" / "portouts.prom"),
            METRICS__PING_URL=f"{monitor.url}/canary-secret",
        )
    assert ended.code == 0
    assert f"Metrics: {tmp_path}/none/portouts.prom cannot be written: no such file or directory." in ended.err
    assert "Ping: 127.0.0.1 answered HTTP 404." in ended.err
    assert "canary-secret" not in ended.err + ended.out


def test_without_its_package_the_setting_is_refused_before_anything_is_read(
    command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    ended = command("sync", TELNYX_API_KEY=KEY, METRICS__FILE=str(tmp_path / "portouts.prom"))
    assert (ended.code, install_command("metrics") in ended.err) == (2, True)
    assert [*tmp_path.iterdir()] == []


# The file


def test_a_published_file_that_cannot_be_read_leaves_the_figures_of_the_run(tmp_path: Path) -> None:
    (database := tmp_path / "portouts.duckdb").write_text("This is no database.\n" * 500)
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert read_published(database, now) is None
    assert write_metrics(tmp_path / "a.prom", database, "1", sync_run(5.0, 1), now) is None
    text = (tmp_path / "a.prom").read_text()
    assert value_of(text, "last_run_exit_code", command="sync", database=str(database)) == 1
    assert "portouts_open_orders" not in text
