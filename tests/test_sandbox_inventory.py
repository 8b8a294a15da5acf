"""The sandbox's list of phone numbers: what Telnyx's own SDK reads of it, and how numbers come and go."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from portouts_sandbox import World, create_app, running
from telnyx import APIError, Telnyx

KEY = "KEY_SANDBOX_NOT_A_SECRET"
LEAVING, LEFT, KEPT = {"pending", "authorized", "rejected-pending"}, {"ported"}, {"rejected", "canceled"}


@pytest.fixture(scope="module")
def world() -> World:
    return World(400, seed=3)


def shown(world: World) -> dict[str, dict[str, Any]]:
    return {number.fields["id"]: number.fields for number in world.inventory.numbers()}


def test_the_sdk_reads_all_numbers_page_by_page_and_by_every_filter(world: World) -> None:
    numbers = shown(world).values()
    with running(create_app(world)) as base_url, Telnyx(api_key=KEY, base_url=base_url) as sdk:
        read = [*sdk.phone_numbers.slim_list(page_size=250, sort="phone_number")]
        assert [number.phone_number for number in read] == sorted(number["phone_number"] for number in numbers)
        assert {number.id for number in read} == {number["id"] for number in numbers}
        newest = sdk.phone_numbers.slim_list(page_size=1).data or []
        assert newest[0].created_at == max(number["created_at"] for number in numbers)
        for statuses in Counter(number["status"] for number in numbers).items():
            name, count = statuses
            spelt: Any = {"status": "port_pending" if name == "port-pending" else name}
            meta = sdk.phone_numbers.slim_list(page_size=1, filter=spelt).meta
            assert meta is not None
            assert meta.to_dict()["total_results"] == count, name
        toll_free = sdk.phone_numbers.slim_list(filter={"number_type": {"eq": "toll_free"}}, page_size=250)
        assert {number.phone_number_type for number in toll_free} == {"toll_free"}
        without_group = sdk.phone_numbers.slim_list(filter={"billing_group_id": "null"}, page_size=250)
        assert {number.billing_group_id for number in without_group} == {None}


def test_every_number_of_an_order_has_left_is_leaving_or_was_kept(world: World) -> None:
    held: dict[str, set[str]] = {}
    for number in shown(world).values():
        held.setdefault(number["phone_number"], set()).add(number["status"])
    recent = (world.now - timedelta(days=30)).isoformat()
    asked: dict[str, list[dict[str, Any]]] = {}
    for order in world.orders():
        for phone_number in order["phone_numbers"]:
            asked.setdefault(phone_number, []).append(order)
    alone = {number: orders[0] for number, orders in asked.items() if len(orders) == 1}
    statuses = {number: (order["status"], held.get(number, set())) for number, order in alone.items()}
    assert all("port-out-pending" in found for status, found in statuses.values() if status in LEAVING)
    assert all(found & {"active"} for status, found in statuses.values() if status in KEPT)
    left = [
        (number, statuses[number][1])
        for number, order in alone.items()
        if order["status"] in LEFT and order["updated_at"] > recent
    ]
    assert len(left) > 5
    assert sum("ported-out" in found for _, found in left) > len(left) * 0.8


def test_numbers_are_bought_ported_in_ported_out_and_deleted_as_the_clock_moves() -> None:
    world = World(400, seed=3)
    before = shown(world)
    world.advance(timedelta(days=40))
    after = shown(world)
    new = [number for number_id, number in after.items() if number_id not in before]
    assert len(new) > 20
    assert all(number["created_at"] > "2026-06-01" for number in new)  # none was bought before and not shown then
    gone = [before[number_id] for number_id in before.keys() - after.keys()]
    assert {number["status"] for number in gone} >= {"ported-out"}
    steps = {
        (before[number_id]["status"], after[number_id]["status"])
        for number_id in before.keys() & after.keys()
        if before[number_id]["status"] != after[number_id]["status"]
    }
    assert steps >= {("port-pending", "active"), ("active", "ported-out"), ("port-out-pending", "ported-out")}


def test_the_numbers_depend_on_the_seed_and_not_on_how_the_clock_is_moved() -> None:
    one, other = World(60, seed=5), World(60, seed=5)
    one.advance(timedelta(days=20))
    for _ in range(20):
        other.inventory.numbers()
        other.advance(timedelta(days=1))
    assert shown(one) == shown(other)
    assert shown(World(60, seed=6)) != shown(World(60, seed=5))


def test_a_key_without_the_permission_and_a_wrong_filter_are_refused(world: World) -> None:
    closed, served = create_app(world, inventory=False), create_app(world)
    unknown: Any = {"status": "port-pending"}
    with running(closed) as base_url, Telnyx(api_key=KEY, base_url=base_url) as sdk, pytest.raises(APIError) as refused:
        sdk.phone_numbers.slim_list()
    assert "10010" in str(refused.value)
    with running(served) as base_url, Telnyx(api_key=KEY, base_url=base_url) as sdk, pytest.raises(APIError) as wrong:
        sdk.phone_numbers.slim_list(filter=unknown)
    assert "10032" in str(wrong.value)
