"""`pending` and the gates of `status`: what waits in the published file, with the hours that are left now."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import typer
from portouts.commands.option_values import parse_duration
from portouts.commands.results.answering.order import short_hours
from portouts.commands.results.answering.pending import print_pending
from portouts.errors import NotPublished
from portouts.names import columns
from portouts.report.gates import check_gates
from portouts.report.pending import PendingOrders, read_pending
from portouts_command import Ended
from portouts_sandbox import World
from published_warehouses import publish_small
from simulated_account import Account, ask

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
WAITED = (60, 47, 30, 2)  # hours
NAME = "\u202eTelnoC evilE\u202c [bold]Co[/]\x1b[2J 日本電信電話株式会社日本電信電話株式会社日本電信電話株式会社"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    account = Account(World(orders=0, now=NOW), tmp_path_factory.mktemp("pending") / "portouts.duckdb")
    for hours in WAITED:
        account.world.add_order(
            inserted_at=NOW - timedelta(hours=hours), carrier_name=NAME if hours == 47 else f"After {hours}", spid=None
        )
    account.world.add_order(status="authorized")
    account.sync()
    return account.database


def hours_of(pending: PendingOrders) -> list[tuple[float | None, str | None]]:
    return [(order.hours_left, order.urgency) for order in pending.orders]


def test_the_most_urgent_order_is_first_with_the_hours_left_now(database: Path) -> None:
    assert hours_of(read_pending(database, NOW)) == [(-12, "overdue"), (1, "critical"), (18, "soon"), (46, "ample")]
    later = read_pending(database, NOW + timedelta(hours=23))
    assert hours_of(later) == [(-35, "overdue"), (-22, "overdue"), (-5, "overdue"), (23, "soon")]
    assert (later.as_of, later.age_hours) == (NOW, 23)


def test_at_the_instant_of_the_sync_hours_and_urgency_are_those_of_the_mart(database: Path) -> None:
    mart = ask(database, "select hours_left, urgency from marts.rpt_open_orders order by deadline_at")
    assert hours_of(read_pending(database, NOW)) == mart


def test_json_is_one_object_with_every_field(database: Path, command: Callable[..., Ended]) -> None:
    ended = command("pending", "--database", str(database), "--json")
    assert (ended.code, ended.err) == (0, "")
    shown = json.loads(ended.out)
    assert list(shown) == ["database", "as_of", "age_hours", "orders"]
    assert list(shown["orders"][0]) == [
        *("portout_id", "support_key", "carrier_id", "carrier_name", "number_count", "inserted_at", "pending_at"),
        *("deadline_at", "hours_left", "pending_hours", "urgency", "account"),
    ]


def test_a_file_from_before_there_were_accounts_shows_the_orders_of_the_account_default(
    database: Path, tmp_path: Path
) -> None:
    older = tmp_path / "older.duckdb"
    older.write_bytes(database.read_bytes())
    with duckdb.connect(str(older)) as connection:
        connection.execute("alter table marts.rpt_open_orders drop column account")
    assert {order.account for order in read_pending(older, NOW).orders} == {"default"}


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_table_fits_the_screen_and_shows_no_control_character(
    width: int, database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    print_pending(read_pending(database, NOW), as_json=False)
    *table, summary = capsys.readouterr().out.splitlines()
    assert [line for line in table if columns(line) > width] == []
    assert [line for line in table if not line.isprintable()] == []
    shown = "\n".join(table)
    assert "[bold]Co[/]" in shown
    assert "\u202e" not in shown
    assert shown.count("PO_") == len(WAITED)
    assert summary.startswith("4 orders wait for an answer, 1 of them overdue.")


def test_only_a_terminal_is_coloured(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    print_pending(read_pending(database, NOW), as_json=False)
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")  # as Rich takes a terminal
    print_pending(read_pending(database, NOW), as_json=False)
    assert "\x1b[1;31m-12.0 h" in capsys.readouterr().out


def test_no_pending_order_is_one_sentence(tmp_path: Path, command: Callable[..., Ended]) -> None:
    database = publish_small("one ported order", tmp_path)
    ended = command("pending", "--database", str(database))
    assert (ended.code, ended.out.count("\n"), ended.err) == (0, 1, "")
    assert ended.out.startswith("No order waits for an answer.")


def test_without_a_published_file_pending_fails_and_says_what_to_do(command: Callable[..., Ended]) -> None:
    ended = command("pending", "--database", "none.duckdb")
    assert (ended.code, ended.out) == (1, "")
    assert "`portouts sync`" in ended.err


def test_a_file_of_another_program_is_not_read_as_ours(tmp_path: Path) -> None:
    (tmp_path / "other.duckdb").write_bytes(b"something else" * 999)
    with pytest.raises(NotPublished):
        read_pending(tmp_path / "other.duckdb", NOW)


@pytest.mark.parametrize(
    ("hours", "text"), [(0.5, "30 min"), (-0.25, "-15 min"), (5.55, "5.5 h"), (-12.0, "-12.0 h"), (-240.0, "-10 days")]
)
def test_hours_are_short(hours: float, text: str) -> None:
    assert short_hours(hours) == text


# Gates


@pytest.mark.parametrize(
    ("later", "max_age", "holds"), [(0, "1h", True), (1, "60m", True), (1.01, "1h", False), (23.9, "1d", True)]
)
def test_the_age_of_the_file_is_that_of_its_last_sync(later: float, max_age: str, holds: bool, database: Path) -> None:
    now = NOW + timedelta(hours=later)
    [gate] = check_gates(read_pending(database, now), now, parse_duration(max_age), None)
    assert (gate.gate, gate.holds) == ("max_age", holds)


@pytest.mark.parametrize(("later", "limit", "late"), [(0, "60h", 0), (0, "59h", 1), (1, "47.5h", 2), (9, "1h", 4)])
def test_the_age_of_an_order_is_how_long_it_has_been_pending_now(
    later: float, limit: str, late: int, database: Path
) -> None:
    now = NOW + timedelta(hours=later)
    [gate] = check_gates(read_pending(database, now), now, None, parse_duration(limit))
    assert (gate.gate, gate.holds) == ("max_pending_age", late == 0)
    assert gate.reason.startswith("no order" if not late else f"{late} order")


def test_a_gate_that_does_not_hold_ends_status_with_4_and_says_why(
    database: Path, command: Callable[..., Ended]
) -> None:
    arguments = ("status", "--database", str(database), "--max-age", "2h", "--max-pending-age", "36500d")
    ended = command(*arguments)
    assert ended.code == 4
    assert ended.err.startswith("--max-age 2h does not hold: the last published sync is as of 2026-06-01T12:00:00")
    assert ended.err.count("\n") == 1
    shown = json.loads(command(*arguments, "--json").out)
    assert [(gate["gate"], gate["holds"]) for gate in shown["gates"]] == [("max_age", False), ("max_pending_age", True)]


def test_gates_that_hold_are_named_and_status_ends_with_0(database: Path, command: Callable[..., Ended]) -> None:
    ended = command("status", "--database", str(database), "--max-age", "36500d", "--max-pending-age", "36500d")
    assert (ended.code, ended.err) == (0, "")
    assert "--max-pending-age 876000h: no order has been pending for longer" in ended.out


def test_without_gates_status_shows_none(database: Path, command: Callable[..., Ended]) -> None:
    ended = command("status", "--database", str(database), "--json")
    assert (ended.code, "gates" in json.loads(ended.out)) == (0, False)


def test_a_missing_file_breaks_the_gate_of_its_age_only(command: Callable[..., Ended]) -> None:
    arguments = ("status", "--database", "none.duckdb")
    ended = command(*arguments, "--max-age", "2h", "--json")
    assert (ended.code, json.loads(ended.out)["exit_code"]) == (4, 4)
    assert "does not exist" in ended.err
    assert command(*arguments, "--max-pending-age", "2h").code == 1


@pytest.mark.parametrize("text", ["", "2", "h", "2w", "-1h", "0m", "0.0d", "1e3h", "2h30m", "999999d", "٢h", "nan h"])
def test_a_text_that_is_no_duration_is_wrong_usage(text: str, command: Callable[..., Ended]) -> None:
    ended = command("status", "--max-age", text, COLUMNS="200")
    assert (ended.code, ended.out) == (2, "")
    assert "90m, 2h or 1d" in ended.err
    with pytest.raises(typer.BadParameter):
        parse_duration(text)


@pytest.mark.parametrize(("text", "minutes"), [("90m", 90), ("2h", 120), ("1d", 1440), (" 1.5 h ", 90), ("0.25d", 360)])
def test_durations_are_minutes_hours_or_days(text: str, minutes: float) -> None:
    assert parse_duration(text) == timedelta(minutes=minutes)
