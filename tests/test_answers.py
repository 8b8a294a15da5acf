"""Answers to orders: sent once, written down before and after, and published, whatever happens to the request."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
from answered_account import AUTHORIZE, AnsweredAccount, Fault, pending_orders, reject, synced_account
from fake_transport import refusal
from filelock import FileLock
from portouts.errors import AnotherAccount, Locked, SettingsError
from portouts.extract.options import Callbacks
from portouts.report.status import read_status
from portouts.telnyx.errors import KeyRejected
from portouts_sandbox import World, create_app
from simulated_account import Account, ask

pytestmark = pytest.mark.slow  # a whole sync a test

HOUR = timedelta(hours=1)


def working_file(desk: AnsweredAccount) -> Path:
    return desk.account.state / "working.duckdb"


def sync_later(desk: AnsweredAccount) -> None:
    desk.api.fault = desk.api.refusal = None
    desk.account.world.advance(HOUR)
    desk.account.sync()


# What is sent


@pytest.mark.parametrize("is_by_key", [False, True], ids=["by id", "by support key"])
def test_an_answer_is_given_written_down_and_published(is_by_key: bool, tmp_path: Path) -> None:
    desk = synced_account(tmp_path, orders=20)
    world = desk.account.world
    [order_id] = pending_orders(world, 1)
    desk.account.sync()
    world.advance(2 * HOUR)
    key = world.order(order_id)["support_key"]
    outcome = desk.answer(AUTHORIZE, key if is_by_key else order_id)
    assert (outcome.exit_code, outcome.published, outcome.notes) == (0, True, [])
    assert world.order(order_id)["status"] == "authorized"
    assert desk.attempts("user_name, host_name, portout_id, support_key, answer, outcome, status_after, detail") == [
        ("desk", "example", order_id, key, "authorized", "answered", "authorized", "HTTP 200")
    ]
    [(status, response_hours)] = desk.account.ask(
        f"select status, response_hours from marts.fct_portouts where portout_id = '{order_id}'"
    )
    assert (status, response_hours >= 2) == ("authorized", True)
    assert desk.account.ask(f"select portout_id from marts.rpt_open_orders where portout_id = '{order_id}'") == []
    sync_later(desk)
    assert desk.attempts("outcome, status") == [("answered", "authorized")]
    assert read_status(desk.account.database, world.now, check=True).is_proven


def test_a_rejection_has_a_code_of_the_order_and_a_reason_where_it_must(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    world = desk.account.world
    first, second = (world.add_order(phone_numbers=[f"+1312555010{number}"]) for number in (1, 2))
    for decision, message in (
        (reject(1001), "1001 Other (needs a reason): give --reason"),
        (reject(99, "No"), "1002 Invalid PIN"),
    ):
        outcome = desk.answer(decision, first)
        assert (outcome.exit_code, outcome.orders[0].outcome) == (2, "not sent")
        assert message in outcome.orders[0].message
    assert desk.api.patches == []
    assert desk.answer(reject(1001, "Our customer did not ask"), first).exit_code == 0
    assert desk.answer(reject(1002), second).exit_code == 0
    assert desk.attempts("portout_id, answer, rejection_code, reason, outcome") == [
        (first, "rejected-pending", 1001, "Our customer did not ask", "answered"),
        (second, "rejected-pending", 1002, "Invalid PIN", "answered"),
    ]
    assert world.order(first)["reason"] == "Our customer did not ask"


def test_what_cannot_be_answered_is_not_sent_and_is_no_attempt(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    world = desk.account.world
    answered = world.add_order(status="authorized")
    both = [world.add_order(support_key="PO_ffffff") for _ in range(2)]
    for name, code, message in (
        (answered, 1, "It is authorized, not pending."),
        ("PO_000000", 1, "no port-out order"),
        ("PO_ffffff", 2, both[1]),
    ):
        outcome = desk.answer(AUTHORIZE, name)
        assert (outcome.exit_code, outcome.published) == (code, False)
        assert message in outcome.orders[0].message
    assert desk.api.patches == []
    assert ask(working_file(desk), "select count(*) from raw.answers") == [(0,)]


@pytest.mark.parametrize(
    ("status", "words"), [(401, "key"), (403, "permission"), (404, "gone"), (422, "state"), (429, "")]
)
def test_a_refusal_of_the_api_is_an_outcome_in_its_words(status: int, words: str, tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    [order_id] = pending_orders(desk.account.world, 1)
    desk.api.refusal = lambda: refusal(status, "10027", "Refused", words)
    outcome = desk.answer(AUTHORIZE, order_id)
    assert (outcome.exit_code, desk.api.patches) == (1, [f"/v2/portouts/{order_id}/authorized"])
    assert f"HTTP {status}: Refused" in outcome.orders[0].message
    assert words in outcome.orders[0].message
    assert desk.attempts("outcome, status_after, detail") == [("refused", "pending", f"HTTP {status} [10027]")]


def test_an_order_that_somebody_else_answers_in_the_meantime_is_refused(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    world = desk.account.world
    [order_id] = pending_orders(world, 1)
    desk.before_sending = lambda: world.change(order_id, status="canceled")
    outcome = desk.answer(AUTHORIZE, order_id)
    assert "only a pending order can be answered" in outcome.orders[0].message
    assert desk.attempts() == [("refused", "pending", "canceled")]
    sync_later(desk)
    assert desk.attempts("outcome, status") == [("refused", "canceled")]


# What happens to the request


@pytest.mark.parametrize("fault", Fault)
def test_a_request_without_a_readable_answer_is_settled_by_another_look(fault: Fault, tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    [order_id] = pending_orders(desk.account.world, 1)
    desk.api.fault = fault
    outcome = desk.answer(AUTHORIZE, order_id)
    assert desk.api.patches == [f"/v2/portouts/{order_id}/authorized"]
    shown = "answered" if fault.is_accepted else "not answered"
    assert desk.attempts("outcome") == [(shown,)]
    assert outcome.exit_code == int(not fault.is_accepted)
    is_advised = f"portouts show {order_id}" in outcome.orders[0].message
    assert is_advised is (not fault.is_accepted and fault is not Fault.UNREACHED)
    # Only a request that may still be under way is worth more than one look.
    assert len(desk.waits) == (0 if fault is Fault.UNREACHED else 1 if fault.is_accepted else 3)
    sync_later(desk)
    assert desk.attempts("outcome, status") == [(shown, "authorized" if fault.is_accepted else "pending")]


def test_where_the_order_cannot_be_read_again_the_outcome_is_unknown(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    first, second = pending_orders(desk.account.world, 2)
    desk.api.fault, desk.api.is_dead_after = Fault.BREAKS_AFTER, True
    outcome = desk.answer(AUTHORIZE, first, second)
    assert [(order.outcome, order.exit_code) for order in outcome.orders] == [("unknown", 1), ("not sent", 1)]
    assert f"portouts show {first}" in outcome.orders[0].message
    assert outcome.published is False
    assert "`portouts sync` publishes it" in outcome.notes[0]
    desk.api.is_dead_after = False
    sync_later(desk)
    assert desk.attempts("portout_id, outcome, status") == [(first, "unknown", "authorized")]


def test_an_order_that_shows_another_status_after_a_doubt_is_unknown(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    world = desk.account.world
    [order_id] = pending_orders(world, 1)
    desk.api.fault = Fault.BREAKS_BEFORE
    desk.before_sending = lambda: world.change(order_id, status="canceled")
    assert desk.answer(AUTHORIZE, order_id).exit_code == 1
    assert desk.attempts() == [("unknown", "pending", "canceled")]


def test_a_key_that_is_refused_ends_the_command_before_anything_is_sent(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    [order_id] = pending_orders(desk.account.world, 1)
    desk.api.app = create_app(desk.account.world, api_key="KEY_OF_SOMEBODY_ELSE")
    with pytest.raises(KeyRejected):
        desk.answer(AUTHORIZE, order_id)
    assert desk.api.patches == []


# Several orders


def test_fifty_orders_are_answered_each_by_itself_and_once(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    world = desk.account.world
    orders = pending_orders(world, 50)
    world.change(orders[7], status="canceled")
    keys = [world.order(orders[number])["support_key"] for number in (1, 2)]
    outcome = desk.answer(AUTHORIZE, *orders, *keys, orders[3], "PO_000000")
    outcomes = [order.outcome for order in outcome.orders]
    assert (outcomes.count("answered"), outcomes.count("not sent"), outcome.exit_code) == (49, 2, 1)
    assert sorted(desk.api.patches) == sorted(f"/v2/portouts/{id_}/authorized" for id_ in orders if id_ != orders[7])
    assert desk.attempts("outcome, status") == [("answered", "authorized")] * 49


def test_asked_to_stop_it_finishes_the_order_under_way_and_sends_no_other(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    orders = pending_orders(desk.account.world, 3)
    looks = count()
    outcome = desk.answer(AUTHORIZE, *orders, callbacks=Callbacks(is_stopping=lambda: next(looks) > 0))
    assert [order.outcome for order in outcome.orders] == ["answered", "not sent", "not sent"]
    assert (outcome.exit_code, len(desk.api.patches)) == (1, 1)
    assert desk.attempts("outcome") == [("answered",)]


# The warehouse


def test_without_a_warehouse_an_answer_is_a_row_that_the_first_sync_shows(tmp_path: Path) -> None:
    desk = AnsweredAccount(Account(World(30, seed=5), tmp_path / "portouts.duckdb"))
    [order_id] = pending_orders(desk.account.world, 1)
    outcome = desk.answer(AUTHORIZE, order_id)
    assert (outcome.exit_code, outcome.published) == (0, False)
    assert "`portouts sync` publishes it" in outcome.notes[0]
    assert not desk.account.database.exists()
    assert ask(working_file(desk), "select portout_id, outcome from raw.answers") == [(order_id, "answered")]
    desk.account.sync()
    assert desk.attempts("outcome, status") == [("answered", "authorized")]
    assert desk.account.ask("select count(*) from raw.portouts") == [(31,)]


def test_beside_an_unfinished_sync_an_answer_is_a_row_that_the_next_sync_shows(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    world = desk.account.world
    [order_id] = pending_orders(world, 1)
    world.advance(HOUR)
    with pytest.raises(RuntimeError, match="the end of the work"):
        desk.account.sync_interrupted_after_loading()
    outcome = desk.answer(AUTHORIZE, order_id)
    assert (outcome.exit_code, outcome.published) == (0, False)
    sync_later(desk)
    assert desk.attempts("outcome, status") == [("answered", "authorized")]


def test_a_sync_that_works_is_waited_for_and_nothing_is_sent_before_its_end(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    [order_id] = pending_orders(desk.account.world, 1)
    lock = FileLock(desk.account.state / "lock")
    lock.acquire()
    with pytest.raises(Locked, match="Nothing was sent"):
        desk.answer(AUTHORIZE, order_id)
    with pytest.raises(Locked, match="Nothing was sent"):
        desk.answer(AUTHORIZE, order_id, wait_seconds=0.05)
    assert desk.api.patches == []
    notes: list[str] = []

    def release(note: str) -> None:
        notes.append(note)
        lock.release()

    desk.on_note = release
    assert desk.answer(AUTHORIZE, order_id, wait_seconds=60).exit_code == 0
    assert ["waiting for it to finish" in note for note in notes] == [True]


def test_a_key_of_another_account_answers_nothing(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    other = Account(World(0, seed=6), desk.account.database)
    [theirs] = pending_orders(other.world, 1)
    desk.api.app = other.app
    with pytest.raises(AnotherAccount, match="Nothing was sent"):
        desk.answer(AUTHORIZE, theirs)
    assert desk.api.patches == []


def test_settings_that_contradict_the_warehouse_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    [order_id] = pending_orders(desk.account.world, 1)
    with pytest.raises(SettingsError, match="pii"):
        desk.answer(AUTHORIZE, order_id, pii="drop")
    assert desk.api.patches == []


def test_a_row_that_cannot_be_written_prevents_the_request(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    orders = pending_orders(desk.account.world, 2)
    desk.account.spoil("alter table raw.answers alter column support_key set not null")
    desk.account.world.change(orders[0], support_key=None)
    outcome = desk.answer(AUTHORIZE, *orders)
    assert [order.outcome for order in outcome.orders] == ["not sent", "not sent"]
    assert desk.api.patches == []


def test_an_answer_survives_a_build_that_fails(tmp_path: Path) -> None:
    desk = synced_account(tmp_path, orders=20)
    [order_id] = pending_orders(desk.account.world, 1)
    desk.account.spoil("insert into raw.portout_phone_numbers select * from raw.portout_phone_numbers")
    desk.account.spoil("insert into raw.changed_orders values (null)")
    outcome = desk.answer(AUTHORIZE, order_id)
    assert (outcome.exit_code, outcome.published) == (0, False)
    assert "every number is listed once" in outcome.notes[0]
    assert ask(working_file(desk), "select outcome from raw.answers") == [("answered",)]


# Personal data


@pytest.mark.parametrize(
    "settings", [{"pii": "drop"}, {"pii": "hash", "pii_salt": "not a secret"}], ids=["drop", "hash"]
)
def test_a_reason_and_numbers_follow_pii(settings: dict[str, Any], tmp_path: Path) -> None:
    desk = synced_account(tmp_path, **settings)
    number = "+13125550177"
    order_id = desk.account.world.add_order(phone_numbers=[number])
    reason = f"Quillon Vexwhistle keeps {number}"
    desk.api.refusal = lambda: refusal(422, "10027", number, reason)
    desk.answer(reject(1001, reason), order_id)
    [(kept, detail)] = desk.attempts("reason, detail")
    assert (kept is None, detail) == (settings["pii"] == "drop", "HTTP 422 [10027]")
    held = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in held if b"Vexwhistle" in path.read_bytes() or number.encode() in path.read_bytes()] == []


def test_a_pin_in_a_reason_is_sent_and_not_kept(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    [order_id] = pending_orders(desk.account.world, 1)
    desk.answer(reject(1001, "The PIN is 480593"), order_id)
    assert desk.account.world.order(order_id)["reason"] == "The PIN is 480593"
    assert desk.attempts("reason") == [("The PIN is [PIN]",)]
    with duckdb.connect(str(desk.account.database), read_only=True) as connection:
        rows = connection.execute("from raw.answers").fetchall()
    assert "480593" not in json.dumps(rows, default=str)


def test_a_pin_in_the_words_of_the_api_is_not_shown(tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    [order_id] = pending_orders(desk.account.world, 1)
    desk.api.refusal = lambda: refusal(422, "10027", "Refused", "the PIN 480593 is wrong")
    outcome = desk.answer(AUTHORIZE, order_id)
    assert "the PIN [PIN] is wrong" in outcome.orders[0].message
