"""The list of what customers are worth: how it is read, masked and remembered."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from order_histories import AS_OF
from portouts.commands.jobs.models import rebuild_models
from portouts.errors import SettingsError
from portouts.load.settings.files import Setting
from portouts.load.settings.settings import check_settings
from portouts.transform.build import BuildKind
from portouts.transform.lists.customer_values import CustomerValue, read_customer_values
from portouts.warehouse.warehouse import Warehouse
from portouts_sandbox import World
from simulated_account import Account

HEADER = "customer_reference,value\n"
SALT = {"pii": "hash", "pii_salt": "a salt of the tests"}
HELD = "select customer_reference, customer_value from staging.customer_values order by all"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "values.csv"


def test_a_list_of_values_is_read_whole(path: Path) -> None:
    path.write_bytes(
        b'\xef\xbb\xbfcustomer_reference,value\r\n"CUST-1, Inc." , 12.50\r\n\r\n# gone\r\nB,-1e3\r\nB,-1000\r\n'
    )
    assert read_customer_values(path) == (CustomerValue("CUST-1, Inc.", 12.5), CustomerValue("B", -1000.0))


UNUSABLE = {
    "no file": (None, "cannot be read: No such file"),
    "other header": ("customer,value\n", "does not begin with the line customer_reference,value"),
    "no value": (f"{HEADER}CANARY\n", "line 2 .* correct or remove it"),
    "no number": (f"{HEADER}A,1\nCANARY,many\n", "line 3 "),
    "no finite number": (f"{HEADER}CANARY,nan\n", "line 2 "),
    "a blank reference": (f"{HEADER}\n ,7\n", "line 3 "),
    "two values of one customer": (f"{HEADER}CANARY,1\nB,1\nCANARY,2\n", "lines 2 and 4 .* keep one"),
}


@pytest.mark.parametrize(("content", "message"), UNUSABLE.values(), ids=list(UNUSABLE))
def test_a_list_of_values_that_cannot_be_used_is_refused_and_shows_no_reference(
    path: Path, content: str | None, message: str
) -> None:
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=message) as refused:
        check_settings({"customer_values": Setting(str(path), "a test")})
    assert str(path) in str(refused.value)
    assert "CANARY" not in str(refused.value)


@pytest.mark.parametrize("pii", ["keep", "hash", "drop"])
def test_references_are_masked_as_those_of_the_inventory_are(path: Path, pii: str) -> None:
    path.write_text(f"{HEADER}CUST-1,5\n", encoding="utf-8")
    given = {"customer_values": str(path), **SALT, "pii": pii}
    settings = check_settings({name: Setting(value, "a test") for name, value in given.items()})
    masked = settings.source.privacy.mask("CUST-1")
    expected = (CustomerValue(str(masked), 5.0),) if masked else ()
    assert settings.inputs(AS_OF).customer_values == expected
    assert check_settings({}).inputs(AS_OF).customer_values == ()


def test_a_list_that_changes_is_taken_with_a_full_build_and_the_rows_keep_their_mode(
    path: Path, tmp_path: Path
) -> None:
    account = Account(World(5, seed=3), tmp_path / "account" / "portouts.duckdb", settings=SALT)
    account.sync()
    for value in (5, 6):
        path.write_text(f"{HEADER}CUST-1,{value}\n", encoding="utf-8")
        account.world.advance(timedelta(hours=1))
        outcome = account.sync(settings={"customer_values": str(path)})
        assert outcome.build.kind is BuildKind.FULL
        assert "lists changed" in outcome.build.reason
        assert [note for note in outcome.report.notes if "Accepted: customer_values from " in note]
    masked = account.checked().source.privacy.mask("CUST-1")
    assert account.ask(HELD) == [(masked, 6.0)]
    assert not rebuild_models(Warehouse(account.database), account.checked()).rebuilt  # the list is remembered
    without_pii = Account(account.world, account.database).checked()
    with pytest.raises(SettingsError, match="Set pii_salt as before"):
        rebuild_models(Warehouse(account.database), without_pii)
    assert "CUST-1" not in str(account.ask(HELD))
