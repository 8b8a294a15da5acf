"""What replaces or changes rows of several accounts: a full sync, a repair, a redaction."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from portouts.telnyx.errors import KeyRejected
from several_accounts import WAITING, Accounts, synced_accounts

EACH = sorted(WAITING)


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return synced_accounts(tmp_path)


def holds(accounts: Accounts, text: str) -> bool:
    """Return whether any file of the warehouse holds a text."""
    files = filter(Path.is_file, accounts.database.parent.rglob("*"))
    return any(text.encode() in file.read_bytes() for file in files)


def add_missed_order(accounts: Accounts) -> str:
    """Add an order to one account that no sync of what is new reads."""
    world = accounts.worlds["northwind"]
    order_id = world.add_order(inserted_at=world.now - timedelta(days=200), carrier_name="Late")
    world.change(order_id, world.now - timedelta(days=199), event=False, status="canceled")
    return order_id


def test_a_full_sync_reads_every_account_whole_and_keeps_its_history(accounts: Accounts) -> None:
    history = "select account, portout_id, status, updated_at from raw.portout_observations order by all"
    before = accounts.ask(history)
    renamed = "select account, count(*) from marts.fct_portouts where pon = 'RENAMED' group by all order by all"
    for world in accounts.worlds.values():
        world.advance(timedelta(days=1))
        done = next(order for order in world.orders() if order["status"] == "ported")
        world.change(str(done["id"]), event=False, touch=False, pon="RENAMED")  # a sync of news cannot see it
    accounts.sync()
    assert accounts.ask(renamed) == []
    outcome = accounts.sync(full=True)
    assert accounts.ask(renamed) == [(name, 1) for name in EACH]
    assert {one.account: one.error for one in outcome.accounts} == dict.fromkeys(EACH)
    accounts.require_worlds()
    assert {*before} <= {*accounts.ask(history)}
    syncs = accounts.ask("select account, count(*) from raw.syncs group by all order by all")
    assert syncs == [(name, 3) for name in EACH]


def test_a_repair_adds_what_one_account_lacks_and_changes_no_other(accounts: Accounts) -> None:
    rows = "select * from raw.portouts where account = 'acme' order by all"
    before = accounts.ask(rows)
    order_id = add_missed_order(accounts)
    found = accounts.verify()
    verdicts = {one.account: one.certificate.verdict for one in (found, *found.others)}
    assert verdicts == {"acme": "PROVEN", "northwind": "DIFFERENT"}
    repaired = accounts.verify(repair=True)
    assert {one.account: len(one.repaired) for one in (repaired, *repaired.others)} == {"acme": 0, "northwind": 1}
    accounts.require_worlds()
    assert accounts.ask(f"select account from marts.fct_portouts where portout_id = '{order_id}'") == [("northwind",)]
    assert accounts.ask(rows) == before
    proven = accounts.verify()
    assert {one.certificate.verdict for one in (proven, *proven.others)} == {"PROVEN"}


def test_a_redaction_masks_all_accounts_and_later_syncs_of_each_keep_to_it(accounts: Accounts) -> None:
    readable = "select count(phone_number), count(*) from raw.portout_phone_numbers where account = "
    [(known,)] = accounts.ask("select min(phone_number) from raw.portout_phone_numbers where account = 'northwind'")
    assert holds(accounts, known)
    accounts.redact(pii="drop")
    assert not holds(accounts, known)
    for world in accounts.worlds.values():
        world.advance(timedelta(days=3))
        world.add_order(phone_numbers=["+13125550107"])
    accounts.sync()
    accounts.require_worlds()
    for name in EACH:
        [(numbers, rows)] = accounts.ask(f"{readable} '{name}'")
        assert (numbers, rows > 0) == (0, True), name
    assert not holds(accounts, known)
    assert not holds(accounts, "+13125550107")
    accounts.sync(full=True)
    accounts.require_worlds()
    assert accounts.ask("select count(phone_number) from raw.portout_phone_numbers") == [(0,)]


@pytest.mark.parametrize("command", ["sync", "verify"])
def test_if_no_account_can_be_read_the_error_names_the_first_one_and_its_key(command: str, accounts: Accounts) -> None:
    accounts.revoked |= {*WAITING}
    error: type[Exception] = KeyRejected
    named = r"The account acme failed: .*Check api_key under \[sources.telnyx.accounts.acme\].* So did 1 more"
    with pytest.raises(error, match=named):
        getattr(accounts, command)()
