"""Several accounts in one warehouse: the account of each row, also of rows from before there were accounts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from order_histories import AS_OF, World, create_raw
from portouts.commands.jobs.accounts.names import remove_account, rename_account
from portouts.commands.jobs.alerts import alert_of_end
from portouts.commands.jobs.loading.outcome import behind
from portouts.errors import SettingsError
from portouts.publish.target import TargetOutcome
from portouts.report.page.build import build_report
from portouts.report.page.notebooks import own_notebooks
from portouts.report.status import read_status
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs
from portouts.warehouse.warehouse import Warehouse
from portouts_command import Ended
from portouts_sandbox import SeveralAccounts, create_app, running
from portouts_sandbox import World as Sandbox
from several_accounts import Accounts, key_of
from simulated_account import Account

OF_ORDERS = ("fct_portouts", "fct_portout_numbers", "fct_responses", "fct_status_changes", "rpt_open_orders")


def test_rows_that_an_earlier_version_loaded_belong_to_the_account_default() -> None:
    world = World()
    world.add_order(1, AS_OF)
    with duckdb.connect() as connection:
        create_raw(connection, world)
        for table in ("portouts", "portout_phone_numbers", "portout_events"):
            connection.execute(f"alter table raw.{table} drop column account")
        build_models(connection, ModelInputs(world.as_of))
        for mart in OF_ORDERS:
            assert connection.table(f"marts.{mart}").select("account").fetchall() == [("default",)], mart


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Accounts:
    """Three accounts, of which one is empty and one has a revoked key; `acme` and `empty` are synced."""
    worlds = {"acme": Sandbox(60, seed=1), "closed": Sandbox(30, seed=2), "empty": Sandbox(0, seed=3)}
    accounts = Accounts(worlds, tmp_path_factory.mktemp("accounts") / "group.duckdb", revoked={"closed"})
    accounts.first = accounts.sync()
    return accounts


def test_a_revoked_key_does_not_stop_the_other_accounts(accounts: Accounts) -> None:
    assert {one.account: bool(one.error) for one in accounts.first.accounts} == {
        "acme": False,
        "closed": True,
        "empty": False,
    }
    alert = alert_of_end("sync", behind(accounts.first.accounts), accounts.first)
    assert [one.line.partition(".")[0] for one in alert.findings] == ["closed: it could not be read"]
    target = TargetOutcome("postgresql://server/group", error="the server cannot be reached")
    sent = replace(accounts.first, targets=[target])
    alert = alert_of_end("sync", behind(sent.accounts), sent)
    assert [one.line.partition(":")[0] for one in alert.findings] == ["closed", "postgresql"]
    orders = len(accounts.worlds["acme"].orders())
    assert accounts.ask("select account, count(*) from marts.fct_portouts group by all") == [("acme", orders)]
    assert accounts.ask("select account, published from marts.rpt_sync order by all") == [
        ("acme", True),
        ("empty", True),
    ]


def test_a_later_sync_gathers_what_changed_and_equals_the_accounts_synced_alone(
    accounts: Accounts,
) -> None:
    for world in accounts.worlds.values():
        world.advance(timedelta(days=2))
    accounts.worlds["closed"].add_order(carrier_name="Northwind", phone_numbers=["+13125550101"])
    before = accounts.ask("select count(*) from raw.syncs where account = 'acme'")
    accounts.revoked.clear()
    outcome = accounts.sync()
    assert not behind(outcome.accounts)
    accounts.require_worlds()
    assert before == [(1,)]
    status = read_status(accounts.database, outcome.as_of)
    assert isinstance(status.accounts, list)
    assert [(one.account, one.age_hours, one.failure) for one in status.accounts] == [
        (name, 0.0, None) for name in sorted(accounts.worlds)
    ]
    again = accounts.sync()
    assert again.build.kind == "incremental"


def test_an_account_that_fails_later_keeps_its_rows_and_shows_its_age(accounts: Accounts) -> None:
    rows = accounts.ask("select * from marts.fct_portouts where account = 'closed' order by all")
    for world in accounts.worlds.values():
        world.advance(timedelta(hours=3))
    accounts.revoked.add("closed")
    outcome = accounts.sync()
    accounts.revoked.clear()
    error = behind(outcome.accounts)
    assert error
    assert "closed" in str(error)
    assert "acme" not in str(error)
    held = accounts.ask(
        "select * exclude (status_began_at) from marts.fct_portouts where account = 'closed' order by all"
    )
    assert len(held) == len(rows)
    status = read_status(accounts.database, outcome.as_of)
    assert isinstance(status.accounts, list)
    ages = {one.account: (one.age_hours, one.failure is not None) for one in status.accounts}
    assert ages == {"acme": (0.0, False), "closed": (3.0, True), "empty": (0.0, False)}


def test_the_report_says_what_each_account_holds_and_which_one_an_order_belongs_to(
    accounts: Accounts, tmp_path: Path
) -> None:
    report = build_report(accounts.database, tmp_path / "page.html", own_notebooks()[:1])
    page = report.output.read_text(encoding="utf-8")
    counts = """
        select
            count(*),
            sum(number_count),
            count(*) filter (ported_at > (select max(as_of) from marts.rpt_sync) - interval 30 day),
            count(*) filter (status = 'pending'),
        from marts.fct_portouts
        where account =
    """
    for name, failed in {"acme": "", "closed": ", because its last sync failed"}.items():
        [(orders, numbers, ported, waits)] = accounts.ask(f"{counts} '{name}'")
        held = f"{name}: {orders} orders with {numbers} numbers, {ported} ported in the last 30 days"
        assert re.search(f"{held}, {waits} waiting for an answer; as of [^;]*UTC{failed}[.]<", page)
    assert "empty: no orders with no numbers, 0 ported in the last 30 days, 0 waiting" in page
    assert re.search("<th[^>]*>Account</th>", page)
    assert re.search("<td[^>]*>closed</td>", page)


def test_every_account_is_verified_and_gets_a_certificate(accounts: Accounts) -> None:
    outcome = accounts.verify()
    assert {one.account: one.certificate.verdict for one in (outcome, *outcome.others)} == dict.fromkeys(
        accounts.worlds, "PROVEN"
    )
    query = "select distinct account from marts.rpt_verifications where depth = 'month' order by all"
    assert accounts.ask(query) == [(name,) for name in sorted(accounts.worlds)]


def test_an_account_is_renamed_and_removed_and_syncs_go_on(accounts: Accounts) -> None:
    rename_account(Warehouse(accounts.database), accounts.settings(), "closed", "former")
    accounts.rename("closed", "former")
    assert "former" in {one.account for one in accounts.sync().accounts}
    orders = len(accounts.worlds["former"].orders())
    by_account = "select account, count(*) from marts.fct_portouts group by all order by all"
    assert ("former", orders) in accounts.ask(by_account)
    with pytest.raises(SettingsError, match="remove it from the settings"):
        remove_account(Warehouse(accounts.database), accounts.settings(), "former", drop=True)
    accounts.worlds.pop("former")
    remove_account(Warehouse(accounts.database), accounts.settings(), "former", drop=False)
    assert ("former", orders) in accounts.ask(by_account)
    remove_account(Warehouse(accounts.database), accounts.settings(), "former", drop=True)
    assert [name for name, _ in accounts.ask(by_account)] == ["acme"]


def test_a_warehouse_of_one_account_goes_on_as_the_account_default(tmp_path: Path) -> None:
    alone = Account(Sandbox(40, seed=5), tmp_path / "one.duckdb")
    alone.sync()
    before = alone.ask("select portout_id, status, seen_at from staging.stg_observations order by all")
    accounts = Accounts({"default": alone.world, "second": Sandbox(20, seed=6)}, alone.database)
    outcome = accounts.sync()
    requests = {one.account: one.loaded.report.requests for one in outcome.accounts if one.loaded}
    assert requests["default"] <= 8 + 4
    rows = accounts.ask("select portout_id, status, seen_at from staging.stg_observations order by all")
    assert {*before} < {*rows}
    assert accounts.ask("select account, count(*) from raw.syncs group by all order by all") == [
        ("default", 2),
        ("second", 1),
    ]
    with pytest.raises(SettingsError, match="several accounts"):
        alone.sync()


def test_the_command_syncs_three_accounts_over_http_and_names_the_revoked_key(
    command: Callable[..., Ended],
) -> None:
    worlds = {"acme": Sandbox(30, seed=8), "empty": Sandbox(0, seed=9)}
    apps = {key_of(name): create_app(world, api_key=key_of(name)) for name, world in worlds.items()}
    keys = {f"SOURCES__TELNYX__ACCOUNTS__{name.upper()}__API_KEY": key_of(name) for name in (*worlds, "revoked")}
    as_of = worlds["acme"].now.isoformat()
    with running(SeveralAccounts(apps)) as url:
        environment = {**keys, "TELNYX_BASE_URL": url}
        ended = command("sync", "--as-of", as_of, "--json", **environment)
        checked = command("doctor", **environment)
        listed = command("accounts", "list", **environment)
        shown = command("settings", **environment)
    result = json.loads(ended.out)
    assert ended.code == 1
    assert result["published"] is True
    verdicts = {one["account"]: one["verification"] and one["verification"]["verdict"] for one in result["accounts"]}
    assert verdicts == {"acme": "PROVEN", "empty": "PROVEN", "revoked": None}
    assert "revoked: " in ended.err
    assert "Check api_key under [sources.telnyx.accounts.revoked]." in ended.err
    status = json.loads(command("status", "--json").out)
    assert [(one["account"], one["orders"], one["failure"] is None) for one in status["accounts"]] == [
        ("acme", len(worlds["acme"].orders()), True),
        ("empty", 0, True),
        ("revoked", 0, False),
    ]
    assert "account revoked: never read; FAILED" in command("status").out
    assert "key of acme" in checked.out
    assert "put it into api_key under [sources.telnyx.accounts.revoked]." in " ".join(checked.out.split())
    assert "revoked: never read" in listed.out
    for name in (*worlds, "revoked"):
        assert f"[sources.telnyx.accounts.{name}]" in shown.out
        assert key_of(name) not in ended.out + ended.err + shown.out + checked.out + listed.out + str(status)
