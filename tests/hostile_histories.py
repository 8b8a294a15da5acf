"""A small world of texts, ties and instants on which engines disagree if a model leaves anything open."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from order_histories import AS_OF, World, random_world

# Sorted by bytes, by the rules of a language, and without regard to case, these stand in three different orders.
NAMES = [
    "example",
    "Example",
    "EXAMPLE",
    "éxample",
    "Ex-ample",
    "_example",
    "Zebra",
    "zebra",
    "Äther",
    "äther",
    "ß",
    "ss",
]
TEXTS = [
    "",
    " ",
    "\\N",
    "null",
    '"quoted", and; more',
    "two\nlines",
    "tab\tinside",
    "back\\slash",
    "\u00a0no-break\u00a0",
    "\u3000wide\u3000",
    "\u200binvisible",
    "Ｗｉｄｅ",
    "ﬁne ﬂour",
    "I\u0307stanbul",
    "😀 Mobile",
    "'; drop table marts.fct_portouts; --",
    "%s {0} $1 :name",
]
IDS = ["b", "B", "a-b", "ab", "A b", "ä", "a", "10", "9", "_1"]
DATES = [
    "2026-03-01",
    "2026-02-29",
    "2024-02-29",
    "2026-02-30",
    "2026-3-1",
    "2026-03-01T24:00:00Z",
    "2026-03-01T23:59:60Z",
    "2026-03-01T23:30:00+05:30",
    "2026-03-01t23:30:00z",
    "2026-03-01 23:30:00-0930",
    "2026-03-01T00:30:00+01",
    "2026-03-01T00:00:00.000Z",
    "2026-03-01T00:00:00.001Z",
    "2026-03-01T12:00:00Z\n",
    "2026-03-01T12:00:00\r\n",
    "\n2026-03-01T12:00:00Z",
    "2026-03-01T12:00:00Z\n2026-03-02T12:00:00Z",
    "2026-03-29T02:30:00Z",
    "2026-11-01T05:30:00Z",
    "2026-12-31T23:59:59-12:00",
    "2000-01-01T00:00:00+14:00",
    "2099-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31",
    "01/03/2026",
    "infinity",
    "today",
    "",
    "２０２６-03-01",
]
# Around midnights and changes of clocks in New York, London, Auckland and UTC.
INSTANTS = [
    datetime.fromisoformat(text)
    for text in (
        "2026-03-08T06:59:59.999999Z",
        "2026-03-08T07:00:00Z",
        "2026-03-01T00:00:00Z",
        "2026-02-28T23:59:59.999999Z",
        "2026-03-01T05:00:00Z",
        "2026-02-28T11:00:00Z",
        "2025-11-02T05:30:00.000001Z",
        "2025-11-02T06:30:00Z",
        "2025-09-27T14:00:00Z",
        "2003-12-31T23:30:00Z",
    )
]


def hostile_world(seed: int, order_count: int = 60) -> World:
    """Add hostile orders to a random world."""
    rng = random.Random(seed)
    world = random_world(rng, order_count)
    for place, id_ in enumerate(IDS):
        _add_twins(world, rng, place, id_)
    for place, text in enumerate([*TEXTS, *DATES]):
        _add_text(world, rng, 2000 + place, text)
    return world


def _add_twins(world: World, rng: random.Random, place: int, id_: str) -> None:
    """Add an order that only its texts distinguish from its neighbours."""
    at = AS_OF - timedelta(days=3)
    for name in rng.sample(NAMES, k=4):
        world.add_order(
            0, at, "rejected", id=f"{id_}{name}", spid=None, carrier_name=name, phone_numbers=["+13125550101"]
        )
        for status in rng.sample(["rejected-pending", "pending", "on-hold", "Rejected"], k=3):
            world.add_event(f"{id_}{name}", status, at + timedelta(hours=place), id=f"{name}{id_}{status}")


def _add_text(world: World, rng: random.Random, number: int, text: str) -> None:
    """Add an order with a text in every field that is free, at an instant that belongs to two days."""
    at = rng.choice(INSTANTS)
    id_ = world.add_order(
        number,
        at,
        rng.choice(["pending", "ported", "authorized", text]),
        spid=rng.choice([None, text, "777G"]),
        carrier_name=text,
        support_key=text,
        pon=text,
        reason=text,
        requested_foc_date=text,
        foc_date=rng.choice([text, rng.choice(DATES)]),
    )
    world.add_event(id_, "authorized", rng.choice(INSTANTS))
    world.add_event(id_, "", at, event_type="portout.foc_date_changed", payload={"foc_date": text})
    world.see(id_, text, rng.choice(world.syncs)["as_of"])
    world.find_in_range(id_, at, rng.choice(INSTANTS))
