"""The reading of the inventory: when the list is read, when it is proven, and what follows if it is not."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from portouts.extract.intake import LoadPackage
from portouts.extract.inventory import run as reading
from portouts.extract.inventory.run import InventoryRun
from portouts.extract.options import InventoryReport, SyncOptions, SyncReport
from portouts.extract.state import SyncState
from portouts.records.inventory.tables import numbers_table
from portouts.records.privacy import Privacy
from portouts.telnyx.client import TelnyxClient
from portouts_sandbox import World, create_app
from starlette.types import ASGIApp, Receive, Scope, Send

KEY = "KEY_CANARY_3355_NOT_A_SECRET"


class Moving:
    """Calls a function before each answer, with the number of the request."""

    def __init__(self, app: ASGIApp, move: Callable[[int], None]) -> None:
        self._app, self._move, self.asked = app, move, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        self._move(self.asked)
        await self._app(scope, receive, send)


class Inventory:
    """A world whose numbers are read again and again, by the state of the reading before."""

    def __init__(
        self, world: World, move: Callable[[int], None] = lambda _asked: None, *, is_open: bool = True
    ) -> None:
        self.world = world
        self.app = Moving(create_app(world, api_key=KEY, inventory=is_open), move)
        self.state = SyncState()
        self.report = SyncReport()

    def read(self, page_size: int = 20, every_hours: int = 24, **options: Any) -> LoadPackage:
        self.app.asked = 0
        self.report = SyncReport(as_of=self.world.now)
        asked = SyncOptions(
            self.world.now,
            page_size=page_size,
            inventory_every=timedelta(hours=every_hours),
            sync_id="a sync",
            **options,
        )
        package = asyncio.run(self._read(asked))
        self.state = SyncState.from_json(package.state)
        return package

    async def _read(self, options: SyncOptions) -> LoadPackage:
        client = TelnyxClient(KEY, "https://sandbox.test/v2", transport=httpx.ASGITransport(self.app))
        async with client:
            [package] = [one async for one in InventoryRun(client, options, self.state, self.report).packages()]
        return package

    @property
    def ids(self) -> list[str]:
        return sorted(number.fields["id"] for number in self.world.inventory.numbers())

    @property
    def counts(self) -> Mapping[str, int]:
        counts = Counter(number.fields["status"] for number in self.world.inventory.numbers())
        return {**counts, "all": counts.total()}

    def reported(self) -> InventoryReport:
        assert self.report.inventory is not None
        counts = {status: count for status, count in self.report.inventory.counts.items() if count}
        return InventoryReport(counts, self.report.inventory.is_list_proven)


@pytest.fixture
def world() -> World:
    return World(25, seed=4)


def ids_of(package: LoadPackage) -> list[str]:
    return sorted(package.tables["phone_numbers"]["id"].to_pylist())


def test_a_list_that_stands_still_is_proven_by_one_reading(world: World) -> None:
    inventory = Inventory(world)
    assert ids_of(inventory.read()) == inventory.ids
    assert inventory.reported() == InventoryReport(inventory.counts, is_list_proven=True)
    assert inventory.app.asked <= 2 + -(-len(inventory.ids) // 20)  # the count, the pages, perhaps an empty one


def test_a_list_that_moves_while_it_is_read_is_read_again(world: World) -> None:
    gone = Inventory(world).ids[0]
    inventory = Inventory(world, lambda asked: world.inventory.remove(gone) if asked == 4 else None)
    assert ids_of(inventory.read()) == inventory.ids
    assert inventory.reported().is_list_proven


def test_a_list_that_never_stands_still_is_not_proven_and_read_again_by_the_next_sync(world: World) -> None:
    leaving = Inventory(world).ids
    inventory = Inventory(world, lambda asked: world.inventory.remove(leaving[asked]) if asked < 40 else None)
    package = inventory.read()
    assert {*ids_of(package)} >= {*inventory.ids}
    assert package.tables["phone_number_lists"]["is_proven"].to_pylist() == [False]
    assert inventory.reported().is_list_proven is False
    assert [note for note in inventory.report.notes if "not proven" in note]
    assert inventory.state.inventory_read_at is None
    leaving.clear()
    inventory = Inventory(world)
    inventory.read()
    assert inventory.reported().is_list_proven


def test_a_server_that_counts_too_few_proves_nothing(world: World) -> None:
    inventory = Inventory(world)
    listed = len(inventory.ids)
    inventory.read(page_size=listed)  # its total is a multiple of the page size, so one page beyond must be empty
    assert inventory.app.asked == 3
    assert inventory.reported().is_list_proven


def test_a_long_list_is_read_status_by_status_unless_numbers_have_a_status_without_a_filter(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LONG_LIST", 10)
    inventory = Inventory(world)
    assert ids_of(inventory.read()) == inventory.ids
    by_status = inventory.app.asked
    world.inventory.add(status="requirement-info-pending", phone_number="+12125550103")
    assert ids_of(inventory.read(full=True)) == inventory.ids
    assert inventory.app.asked > by_status
    assert inventory.reported() == InventoryReport(inventory.counts, is_list_proven=True)


def test_between_two_lists_a_sync_only_counts(world: World) -> None:
    inventory = Inventory(world)
    inventory.read(every_hours=10)
    for hours, is_read in ((8, False), (1, True), (8, False), (2, True)):
        world.advance(timedelta(hours=hours))
        package = inventory.read(every_hours=10)
        assert inventory.reported().is_list_proven == (True if is_read else None)
        counted = {status: count for status, count in inventory.counts.items() if is_read or status != "port-failed"}
        assert inventory.reported().counts == counted
        assert len(package.tables["phone_numbers"]) == (len(inventory.ids) if is_read else 0)
        assert is_read or inventory.app.asked == 8


def test_a_key_that_may_not_read_numbers_is_a_note_and_no_failure(world: World) -> None:
    inventory = Inventory(world, is_open=False)
    package = inventory.read()
    assert not any(map(len, package.tables.values()))
    assert [note for note in inventory.report.notes if "inventory = false" in note]


def test_values_of_another_type_become_null_and_only_an_empty_pin_is_none() -> None:
    rows: list[Any] = [
        {"id": "1", "phone_number": 12125550100, "status": ["active"], "purchased_at": "soon", "external_pin": pin}
        for pin in (None, "", "0000", 1234, {"hash": "x"})
    ]
    table = numbers_table(rows)
    assert table["has_pin"].to_pylist() == [False, False, True, True, True]
    assert table.select(["phone_number", "status", "purchased_at"]).to_pylist()[0] == {
        "phone_number": None,
        "status": None,
        "purchased_at": None,
    }


def test_a_reference_loses_its_pins_and_drop_removes_it_with_the_number() -> None:
    rows: list[Any] = [{"id": "1", "phone_number": "+12125550100", "customer_reference": "ours, PIN: 8642"}]
    assert "8642" not in str(numbers_table(rows).to_pylist())
    dropped = numbers_table(rows, Privacy("drop")).to_pylist()[0]
    assert (dropped["id"], dropped["phone_number"], dropped["customer_reference"]) == ("1", None, None)
