"""Ids that the API writes in another letter case name the same orders and events."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pytest
from dlt.common.versioned_state import compress_state, decompress_state
from portouts.extract.state import SyncState
from portouts.records.rows import canonical_column, canonical_id, canonical_ids, spellings
from portouts.telnyx.client import TelnyxClient
from portouts_sandbox import World
from simulated_account import Account

pytestmark = pytest.mark.slow  # a whole sync a test

LOWER, UPPER = "c0ffee00-0000-4000-8000-00000000000a", "C0FFEE00-0000-4000-8000-00000000000A"
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
AS_THEY_ARE = ["order-A", "", UPPER.replace("-", ""), f"{{{UPPER}}}", f"{UPPER}A", f"{UPPER}\n", "G" + UPPER[1:]]


@pytest.mark.parametrize("other", AS_THEY_ARE, ids=ascii)
def test_only_uuids_are_the_same_in_any_letter_case(other: str) -> None:
    ids = [UPPER, other, "C0ffee00-0000-4000-8000-00000000000a", LOWER]
    expected = [LOWER, other, LOWER, LOWER]
    assert [canonical_id(row_id) for row_id in ids] == expected
    assert canonical_ids(ids) == expected
    assert canonical_column(pa.array([*ids, None])).to_pylist() == [*expected, None]


@pytest.mark.parametrize(
    ("row_id", "asked"),
    [(LOWER, [LOWER, UPPER]), ("order-a", ["order-a"]), (LOWER.translate(str.maketrans("cofea", "01234")),) * 2],
    ids=["a UUID", "another id", "digits only"],
)  # fmt: skip
def test_an_order_is_asked_for_in_upper_case_where_that_is_another_spelling(row_id: str, asked: Any) -> None:
    assert spellings(row_id) == ([asked] if isinstance(asked, str) else asked)


def upper(text: str) -> str:
    return UUID.sub(lambda found: found[0].upper(), text)


def as_it_is(text: str) -> str:
    return text


@dataclass
class Spelling(Account):
    """An account whose API writes ids as these functions say, and knows them in any letter case or only in its own."""

    orders: Callable[[str], str] = as_it_is
    events: Callable[[str], str] = as_it_is
    one: Callable[[str], str] = as_it_is
    is_strict: bool = False
    paths: list[str] = field(default_factory=list)

    def open_client(self, api_key: str, base_url: str, **given: Any) -> TelnyxClient:
        served = httpx.ASGITransport(self.app)

        async def answer(request: httpx.Request) -> httpx.Response:
            path = request.url.path
            self.paths.append(path)
            if self.is_strict and self.one(path) != path:
                return httpx.Response(404, json={"errors": []})
            request.url = request.url.copy_with(path=UUID.sub(lambda found: found[0].lower(), path))
            response = await served.handle_async_request(request)
            spell = {"/v2/portouts": self.orders, "/v2/portouts/events": self.events}.get(path, self.one)
            text = (await response.aread()).decode()
            if response.status_code == 200:
                text = json.dumps({**(body := json.loads(text)), "data": spell_ids(body["data"], spell)})
            return httpx.Response(response.status_code, text=text, headers={"content-type": "application/json"})

        transport = httpx.MockTransport(answer)
        return TelnyxClient(api_key, base_url, transport=transport, **given)


def spell_ids(data: Any, spell: Callable[[str], str]) -> Any:
    if isinstance(data, list):
        return [spell_ids(row, spell) for row in data]
    return {key: spell(value) if key in ("id", "portout_id") else value for key, value in data.items()}


def now_and_then(seed: int) -> Callable[[str], str]:
    rng = Random(seed)
    return lambda text: upper(text) if rng.random() < 0.5 else text


CASES: dict[str, dict[str, Any]] = {
    "events in upper case": {"events": upper},
    "orders in upper case": {"orders": upper},
    "by id in upper case": {"one": upper},
    "everything in upper case": {"orders": upper, "events": upper, "one": upper},
    "upper case only": {"orders": upper, "events": upper, "one": upper, "is_strict": True},
    "now and then": {"orders": now_and_then(1), "events": now_and_then(2), "one": now_and_then(3)},
}
MARTS = ["fct_portouts", "fct_portout_numbers", "fct_responses", "agg_portouts_daily", "rpt_open_orders"]


def two_syncs(account: Account) -> Account:
    """Load an account, let three days pass, and bring the warehouse up to date."""
    account.sync()
    account.world.advance(timedelta(days=3))
    account.sync()
    return account


def marts(account: Account) -> dict[str, list[tuple[Any, ...]]]:
    return {mart: account.ask(f"from marts.{mart} order by all") for mart in MARTS}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, ...]]]:
    return marts(two_syncs(Account(World(60, seed=11), tmp_path_factory.mktemp("lower") / "p.duckdb")))


@pytest.mark.parametrize("case", CASES)
def test_the_letter_case_of_ids_changes_no_number(
    case: str, expected: dict[str, list[tuple[Any, ...]]], tmp_path: Path
) -> None:
    account = Spelling(World(60, seed=11), tmp_path / "p.duckdb", **CASES[case])
    assert marts(two_syncs(account)) == expected
    assert account.verify().certificate.verdict == "PROVEN"


def test_a_warehouse_loaded_in_upper_case_is_joined_with_what_is_read_from_now_on(
    expected: dict[str, list[tuple[Any, ...]]], tmp_path: Path
) -> None:
    account = Account(World(60, seed=11), tmp_path / "p.duckdb")
    account.sync()
    with duckdb.connect(str(account.state / "working.duckdb")) as connection:
        connection.execute(
            "insert into raw.portouts by name select * replace (upper(id) as id) from raw.portouts limit 9"
        )
        for table, column in (("portout_events", "portout_id"), ("portout_phone_numbers", "portout_id")):
            connection.execute(f"update raw.{table} set {column} = upper({column})")
    as_an_earlier_version_left_it(account)
    account.world.advance(timedelta(days=3))
    account.sync()
    assert marts(account) == expected
    [(is_done,)] = account.ask(
        "select count(*) = count(distinct lower(id)) and bool_and(id = lower(id)) from raw.portouts"
    )
    assert is_done


def as_an_earlier_version_left_it(account: Account) -> None:
    """Take from the state that dlt keeps what earlier versions did not write, and write the ids as they were sent."""
    with duckdb.connect(str(account.state / "working.duckdb")) as connection:
        [(text,)] = connection.execute("select state from raw._dlt_pipeline_state").fetchall()
        state: Any = decompress_state(text)
        sync = state["sources"]["telnyx"]["sync"]
        del sync["are_ids_canonical"]
        sync["open_orders"] = {upper(row_id): order for row_id, order in sync["open_orders"].items()}
        connection.execute("update raw._dlt_pipeline_state set state = ?", [compress_state(state)])
    shutil.rmtree(account.state / "dlt")


def test_a_state_of_ids_in_upper_case_is_read_in_lower_case() -> None:
    instant = "2026-06-01T12:00:00+00:00"
    state = SyncState.from_json(
        {"open_orders": {UPPER: [instant, None]}, "to_read": [UPPER, "order-A"], "recent_events": {UPPER: instant}}
    )
    assert (list(state.open_orders), state.to_read, list(state.recent_events)) == ([LOWER], {LOWER, "order-A"}, [LOWER])
    assert not state.are_ids_canonical
    assert not SyncState.from_json(state.to_json()).are_ids_canonical
    assert SyncState.from_json(SyncState().to_json()).are_ids_canonical
