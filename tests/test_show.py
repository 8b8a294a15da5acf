"""`show`: one order on the screen and as JSON, fresh from an API on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import portouts_command
import pytest
from portouts.answers.order import FreshOrder, RejectionCode
from portouts.commands.jobs.show import read_fresh
from portouts.commands.results.answering.order import print_order
from portouts.load.settings.settings import read_settings
from portouts_command import Ended
from portouts_sandbox import World, create_app, running
from simulated_account import API_KEY, Account

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CANARY_PIN = "480593"


@pytest.fixture
def world() -> World:
    return World(orders=0, now=NOW)


@pytest.fixture
def environment(world: World) -> Iterator[dict[str, str]]:
    with running(create_app(world, api_key=API_KEY)) as base_url:
        yield {"TELNYX_API_KEY": API_KEY, "TELNYX_BASE_URL": base_url}


def reopened(world: World) -> str:
    """Add an order that was rejected, commented on, and is pending again."""
    at = NOW - timedelta(hours=30)
    portout_id = world.add_order(
        inserted_at=at,
        support_key="PO_aaaaaa",
        carrier_name="Northwind\u202e\x1b[31m",
        phone_numbers=["+13125550101"],
        end_user_name="Quillon Vexwhistle",
    )
    world.change(portout_id, at + timedelta(hours=1), status="rejected-pending", reason=f"PIN {CANARY_PIN} is wrong")
    world.comment(portout_id, f"Quillon Vexwhistle\nsays\tPIN {CANARY_PIN}", at + timedelta(hours=2))
    world.change(portout_id, at + timedelta(hours=3), status="pending", reason=None)
    return portout_id


def card(order: FreshOrder, now: datetime, capsys: pytest.CaptureFixture[str]) -> str:
    print_order(order, now, as_json=False)
    return capsys.readouterr().out


def fresh(world: World, reference: str) -> FreshOrder:
    with running(create_app(world, api_key=API_KEY)) as base_url:
        return read_fresh(Path("none.duckdb"), read_settings(API_KEY, base_url, found={}), reference)


def test_the_card_says_what_happens_and_how_to_answer(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    portout_id = reopened(world)
    shown = card(fresh(world, "PO_aaaaaa"), NOW, capsys)
    assert shown.splitlines()[:13] == [
        f"PO_aaaaaa  {portout_id}  pending",
        "carrier        Northwind[31m",
        "SPID           –",
        "PON            –",
        "numbers        1: +13125550101",
        "requested FOC  –",
        "FOC            –",
        "received       2026-05-30 18:00 UTC",
        "pending since  2026-05-30 21:00 UTC",
        "deadline       2026-06-01 21:00 UTC, 21.0 h left",
        "Without an answer, Telnyx authorises it at about 2026-06-01 21:00 UTC.",
        "",
        "History",
    ]
    history = [line.strip() for line in shown.splitlines()[13:] if line.startswith("  2026")]
    assert [line.partition("UTC  ")[2].partition(":")[0] for line in history] == [
        *("pending", "rejected-pending", history[2].partition("UTC  ")[2].partition(":")[0], "pending")
    ]
    assert "comment" in history[2]
    assert "Quillon Vexwhistle says PIN" in history[2]
    assert "  1001  Other (needs a reason)" in shown.splitlines()
    assert shown.endswith(f"  portouts authorize {portout_id}\n  portouts reject {portout_id} --code 1002\n")
    assert CANARY_PIN not in shown


def test_an_overdue_order_is_called_overdue(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    portout_id = world.add_order()
    shown = card(fresh(world, portout_id), NOW + timedelta(hours=50), capsys)
    assert "overdue by 2.0 h" in shown
    assert "OVERDUE: without an answer, Telnyx may authorise it at any moment." in shown


def test_an_order_that_is_not_pending_offers_no_answer(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    shown = card(fresh(world, world.add_order(status="ported")), NOW, capsys)
    assert "It is ported: only a pending order can be answered." in shown
    assert "may be rejected" not in shown
    assert "authorize" not in shown


def order_of(**fields: object) -> FreshOrder:
    nothing = dict.fromkeys(
        ("support_key", "carrier_name", "spid", "pon", "requested_foc_on", "foc_on", "inserted_at", "updated_at")
    )
    empty = {"reason": None, "rejection_code": None, "pending_at": None, "deadline_at": None, "events": ()}
    rest = {"comments": (), "rejection_codes": None, "is_deadline_exact": True, "phone_numbers": None}
    given = {"portout_id": "x", "status": "pending", "number_count": 0, **nothing, **empty, **rest, **fields}
    return FreshOrder(**given)  # type: ignore[arg-type]  # fields by name


def test_an_order_of_which_nothing_is_known_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    shown = card(order_of(), NOW, capsys)
    assert "deadline       unknown" in shown
    assert '--code CODE --reason "…"' in shown


def test_a_deadline_that_is_not_exact_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    shown = card(order_of(pending_at=NOW, deadline_at=NOW, is_deadline_exact=False), NOW, capsys)
    assert "Both may be later" in shown


def test_an_id_that_a_shell_would_read_is_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    shown = card(order_of(portout_id="a; rm -rf ~", rejection_codes=(RejectionCode(7, None, False),)), NOW, capsys)
    assert "portouts reject 'a; rm -rf ~' --code 7\n" in shown


def test_many_numbers_and_long_texts_stay_within_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    numbers = tuple(f"+1312555{number:04}" for number in range(40))
    shown = card(order_of(phone_numbers=numbers, number_count=40, reason="W" * 300, notes=["n" * 99]), NOW, capsys)
    assert "and 32 more" in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) < 80


# The command


def test_json_is_one_object_with_the_order_and_the_hours_left(
    world: World, environment: dict[str, str], command: Callable[..., Ended]
) -> None:
    portout_id = reopened(world)
    ended = command("show", f" {portout_id.upper()} ", "--json", **environment)
    assert (ended.code, ended.err) == (0, "")
    shown = json.loads(ended.out)
    assert (shown["portout_id"], shown["deadline_at"]) == (portout_id, "2026-06-01T21:00:00+00:00")
    assert (len(shown["events"]), len(shown["comments"]), len(shown["rejection_codes"])) == (4, 1, 4)
    assert shown["hours_left"] < 0
    assert CANARY_PIN not in ended.out
    assert API_KEY not in ended.out


def test_an_ambiguous_key_ends_with_2_and_an_unknown_one_with_1(
    world: World, environment: dict[str, str], command: Callable[..., Ended]
) -> None:
    both = [world.add_order(support_key="PO_bbbbbb") for _ in range(2)]
    ended = command("show", "PO_bbbbbb", **environment)
    assert (ended.code, [portout_id in ended.err for portout_id in both]) == (2, [True, True])
    ended = command("show", "PO_cccccc", "--json", **environment)
    assert (ended.code, json.loads(ended.out)["exit_code"]) == (1, 1)


def test_without_a_key_show_is_wrong_usage(command: Callable[..., Ended]) -> None:
    ended = command("show", "PO_bbbbbb")
    assert (ended.code, ended.out) == (2, "")
    assert "TELNYX_API_KEY" in ended.err


def test_show_masks_as_the_published_file_was_loaded_and_waits_for_no_lock(
    world: World, environment: dict[str, str], tmp_path: Path, command: Callable[..., Ended]
) -> None:
    from filelock import FileLock

    portout_id = reopened(world)
    account = Account(world, tmp_path / "portouts.duckdb")
    account.sync(settings={"pii": "drop"})
    with FileLock(account.state / "lock"):
        ended = command("show", portout_id, "--database", str(account.database), **environment)
    assert (ended.code, ended.err) == (0, "")
    assert [text for text in ("Vexwhistle", "5550101", CANARY_PIN) if text in ended.out] == []
    assert "numbers        1, hidden by pii" in ended.out


def test_a_reader_sends_nothing_but_get(world: World) -> None:
    app = create_app(world, api_key=API_KEY)
    portout_id = reopened(world)
    with running(app) as base_url:
        read_fresh(Path("none.duckdb"), read_settings(API_KEY, base_url, found={}), portout_id)
    assert {request.split()[0] for request in app.state.requests} == {"GET"}
    assert len(app.state.requests) == 4


def test_show_as_a_process_writes_no_file(world: World, environment: dict[str, str], tmp_path: Path) -> None:
    portout_id = world.add_order()
    code, _, err = portouts_command.run("show", portout_id, folder=tmp_path, **environment)
    assert (code, err, list(tmp_path.iterdir())) == (0, "", [])
