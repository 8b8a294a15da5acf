"""Rows of attempts to answer an order: the next sync completes those whose process ended; reasons are masked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hostile_api import HostileAccount, HostileApi, order
from portouts.warehouse.rows.answers import Attempt, note_attempt
from portouts.warehouse.warehouse import Warehouse

pytestmark = pytest.mark.slow  # a whole sync a test

PENDING = {"status": "pending"}


def account_with_attempts(folder: Path, *answers: str, reason: str = "Authorized", **settings: Any) -> HostileAccount:
    """Sync as many pending orders as there are answers, and note these; the process ends before the outcome."""
    api = HostileApi(orders=[order(number, **PENDING) for number in range(1, len(answers) + 1)])
    account = HostileAccount(api, folder / "portouts.duckdb", settings)
    account.sync()
    warehouse = Warehouse(account.database)
    with warehouse.locked(), warehouse.connected() as connection:
        for number, answer in enumerate(answers, 1):
            attempt = Attempt(
                f"attempt {number}",
                api.now,
                user_name="desk",
                host_name="example",
                portout_id=f"order-{number:03}",
                support_key=None,
                answer=answer,
                rejection_code=None,
                reason=reason,
                status_before="pending",
            )
            note_attempt(connection, attempt)
    api.now += timedelta(hours=1)
    return account


def test_the_next_sync_completes_attempts_by_the_status_that_it_reads(tmp_path: Path) -> None:
    account = account_with_attempts(tmp_path, "authorized", "rejected-pending", "authorized", "authorized")
    for place, status in enumerate(("authorized", "rejected-pending", "pending", "canceled")):
        at, row = account.api.orders[place]
        account.api.orders[place] = (at, row | {"status": status, "updated_at": account.api.now.isoformat()})
    account.sync()
    found = account.ask(
        "select outcome, status_after, finished_at is not null from marts.rpt_answers order by portout_id"
    )
    assert found == [
        ("answered", "authorized", True),
        ("answered", "rejected-pending", True),
        ("not answered", "pending", True),
        ("unknown", "canceled", True),
    ]


def test_what_is_completed_stays_as_it_is(tmp_path: Path) -> None:
    account = account_with_attempts(tmp_path, "authorized")
    account.sync()
    before = account.ask("from raw.answers")
    account.api.now += timedelta(hours=1)
    at, row = account.api.orders[0]
    account.api.orders[0] = (at, row | {"status": "authorized", "updated_at": account.api.now.isoformat()})
    account.sync()
    assert account.ask("from raw.answers") == before
    assert account.ask("select outcome, status from marts.rpt_answers") == [("not answered", "authorized")]


def test_another_pii_with_a_full_sync_drops_reasons(tmp_path: Path) -> None:
    account = account_with_attempts(tmp_path, "authorized", reason="Quillon Vexwhistle still lives here")
    account.sync()
    assert account.ask("select reason from raw.answers") == [("Quillon Vexwhistle still lives here",)]
    account.api.now += timedelta(hours=1)
    account.sync({"pii": "drop"}, full=True)
    assert account.ask("select reason, outcome from raw.answers") == [(None, "not answered")]
    assert [path for path in tmp_path.rglob("*") if path.is_file() and b"Vexwhistle" in path.read_bytes()] == []


def test_a_working_file_put_back_from_before_an_answer_follows_the_published_one(tmp_path: Path) -> None:
    account = account_with_attempts(tmp_path, "authorized")
    working = account.database.parent / ".portouts" / account.database.name / "working.duckdb"
    account.sync()
    saved = working.read_bytes()
    warehouse = Warehouse(account.database)
    with warehouse.locked(), warehouse.connected() as connection:
        note_attempt(
            connection,
            Attempt("published", account.api.now, "desk", "example", "order-001", None, "authorized", None, None, None),
        )
        warehouse.publish()
    working.write_bytes(saved)
    working.with_name("working.duckdb.wal").unlink(missing_ok=True)
    account.api.now += timedelta(hours=1)
    account.sync()
    assert account.ask("select count(*) from raw.answers") == [(2,)]
