"""Answers to orders: sent once, written down before and after, and published, whatever happens to the request."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from answered_account import AUTHORIZE, Fault, pending_orders, synced_account

pytestmark = pytest.mark.slow  # a whole sync a test


@pytest.mark.parametrize("is_by_key", [False, True], ids=["by id", "by support key"])
def test_an_answer_is_given_written_down_and_published(is_by_key: bool, tmp_path: Path) -> None:
    desk = synced_account(tmp_path, orders=20)
    world = desk.account.world
    [order_id] = pending_orders(world, 1)
    desk.account.sync()
    world.advance(timedelta(hours=2))
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
    world.advance(timedelta(hours=1))
    desk.account.sync()
    assert desk.attempts("outcome, status") == [("answered", "authorized")]


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.UNREACHED])
def test_a_request_without_a_readable_answer_is_settled_by_another_look(fault: Fault, tmp_path: Path) -> None:
    desk = synced_account(tmp_path)
    [order_id] = pending_orders(desk.account.world, 1)
    desk.api.fault = fault
    outcome = desk.answer(AUTHORIZE, order_id)
    assert desk.api.patches == [f"/v2/portouts/{order_id}/authorized"]
    shown = ("answered", "authorized") if fault.is_accepted else ("not answered", "pending")
    assert desk.attempts("outcome, status_after") == [shown]
    assert outcome.exit_code == int(not fault.is_accepted)
    assert outcome.orders[0].message == "" or f"portouts show {order_id}" in outcome.orders[0].message
    desk.api.fault = None
    desk.account.world.advance(timedelta(hours=1))
    desk.account.sync()
    assert desk.attempts("outcome, status") == [shown]
