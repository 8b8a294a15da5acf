"""Orders of several accounts are shown and answered, each with the key of its own account."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from answered_account import AUTHORIZE, reject
from portouts.commands.jobs.answering.answer import AnswerOutcome
from portouts.errors import UnknownOrder
from portouts.telnyx.errors import KeyRejected, PermissionDenied
from portouts.warehouse.accounts.folders import forget_files
from portouts.warehouse.folders import working_folder
from portouts_command import Ended
from portouts_sandbox import SeveralAccounts, running
from several_accounts import WAITING, Accounts, key_of, synced_accounts

KEY_OF_ACME = "api_key under [sources.telnyx.accounts.acme]"


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return synced_accounts(tmp_path)


def waiting(accounts: Accounts) -> Mapping[str, str]:
    """Return the ids of the orders that were added, by the name of their carrier."""
    rows = accounts.ask("select carrier_name, portout_id from marts.rpt_open_orders")
    return {name: portout_id for name, portout_id in rows if name.startswith(tuple(WAITING))}


def outcomes(outcome: AnswerOutcome) -> list[tuple[str | None, str, str]]:
    return [(each.planned.account, each.planned.reference, each.outcome) for each in outcome.orders]


def statuses(accounts: Accounts, *portout_ids: str) -> list[str]:
    """Return the statuses at Telnyx."""
    orders = {str(order["id"]): order["status"] for world in accounts.worlds.values() for order in world.orders()}
    return [orders[portout_id] for portout_id in portout_ids]


def test_orders_of_several_accounts_are_answered_in_one_command_each_with_its_own_key(accounts: Accounts) -> None:
    first, second, third = (waiting(accounts)[name] for name in ("acme 0", "northwind 0", "acme 1"))
    key = accounts.worlds["acme"].order(third)["support_key"]
    orders = accounts.ask("select count(*) from raw.portouts")
    outcome = accounts.answer(AUTHORIZE, first, second, key, "PO_000000")
    assert outcomes(outcome) == [
        ("acme", first, "answered"),
        ("acme", key, "answered"),
        ("northwind", second, "answered"),
        (None, "PO_000000", "not sent"),
    ]
    assert "does not show PO_000000" in outcome.orders[-1].message
    assert (outcome.exit_code, outcome.published, outcome.notes) == (1, True, [])
    assert statuses(accounts, first, second, third) == ["authorized"] * 3
    assert accounts.ask("select account, portout_id, outcome from marts.rpt_answers order by account, sent_at") == [
        ("acme", first, "answered"),
        ("acme", third, "answered"),
        ("northwind", second, "answered"),
    ]
    query = "select count(*) from marts.fct_portouts where status = 'authorized' and carrier_name in "
    assert accounts.ask(f"{query} ('acme 0', 'acme 1', 'northwind 0')") == [(3,)]
    assert accounts.ask("select count(*) from raw.portouts") == orders


def test_an_answer_after_the_files_of_an_account_were_lost_keeps_all_its_rows(accounts: Accounts) -> None:
    """A redaction and a renaming remove them."""
    kept = "select account, id from raw.portouts order by all"
    rows, syncs = accounts.ask(kept), accounts.ask("select count(*) from raw.syncs")
    forget_files(working_folder(accounts.database))
    outcome = accounts.answer(AUTHORIZE, waiting(accounts)["acme 0"])
    assert (outcome.exit_code, outcome.published, outcome.notes) == (0, True, [])
    assert (accounts.ask(kept), accounts.ask("select count(*) from raw.syncs")) == (rows, syncs)


def test_a_revoked_key_does_not_stop_the_answers_of_other_accounts(accounts: Accounts) -> None:
    first, second = waiting(accounts)["acme 0"], waiting(accounts)["northwind 0"]
    accounts.revoked.add("acme")
    outcome = accounts.answer(reject(1001, "not ours"), first, second)
    assert outcomes(outcome) == [("northwind", second, "answered"), ("acme", first, "not sent")]
    assert KEY_OF_ACME in outcome.orders[1].message
    assert "TELNYX_API_KEY" not in outcome.orders[1].message
    assert (outcome.exit_code, outcome.published) == (1, True)
    assert statuses(accounts, first, second) == ["pending", "rejected-pending"]


def test_an_order_is_shown_with_the_key_of_its_account_and_an_error_names_that_key(accounts: Accounts) -> None:
    orders = waiting(accounts)
    assert {accounts.show(orders[name]).account for name in ("acme 0", "acme 1")} == {"acme"}
    key = accounts.worlds["northwind"].order(orders["northwind 0"])["support_key"]
    shown = accounts.show(key)
    assert (shown.account, shown.portout_id, shown.is_pending) == ("northwind", orders["northwind 0"], True)
    error: type[Exception] = UnknownOrder
    with pytest.raises(error, match="Run `portouts sync` first"):
        accounts.show("PO_000000")
    accounts.revoked.add("acme")
    error = KeyRejected
    with pytest.raises(error, match=r"Check api_key under \[sources.telnyx.accounts.acme\]") as caught:
        accounts.show(orders["acme 0"])
    assert "TELNYX_API_KEY" not in str(caught.value)


def test_a_missing_right_names_the_account_and_its_key(accounts: Accounts) -> None:
    accounts.forbidden.add("acme")
    error: type[Exception] = PermissionDenied
    with pytest.raises(error, match=r"The user of api_key under \[sources.telnyx.accounts.acme\] needs the permission"):
        accounts.show(waiting(accounts)["acme 0"])


def test_the_command_answers_a_file_of_orders_and_counts_them_by_account(
    accounts: Accounts, command: Callable[..., Ended]
) -> None:
    orders = waiting(accounts)
    Path("orders.txt").write_text("\n".join([orders["acme 0"], orders["northwind 0"], "PO_000000"]))
    keys = {f"SOURCES__TELNYX__ACCOUNTS__{name.upper()}__API_KEY": key_of(name) for name in accounts.worlds}
    database = f"--database={accounts.database}"
    with running(SeveralAccounts(accounts.apps)) as url:
        environment = {**keys, "TELNYX_BASE_URL": url}
        planned = command("authorize", "--from", "orders.txt", "--dry-run", database, **environment)
        ended = command("authorize", "--from", "orders.txt", "--yes", database, **environment)
        again = command("authorize", orders["acme 0"], "--yes", "--json", database, **environment)
        shown = command("show", orders["acme 1"], database, **environment)
    assert "account        northwind" in planned.out
    assert ended.out.splitlines()[-3:] == [
        "acme: 1 answered.",
        "northwind: 1 answered.",
        "3 orders: 2 answered, 1 not sent.",
    ]
    assert [(one["account"], one["outcome"]) for one in json.loads(again.out)["orders"]] == [("acme", "not sent")]
    assert "account        acme" in shown.out
