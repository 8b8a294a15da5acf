"""The numbers that the account holds: bought or ported in, changed, deleted, and ported out.

A holding is one number from its purchase to its end; a number that left and came back is two holdings. Its own steps
are planned here. What port-out orders do to it is added when their fates are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from .numbering import RANGES, NumberRange, country_of
from .rng import draw_uuid, rng_for, weighted_choice

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
TOLL_FREE_PREFIXES = ("800", "833", "844", "855", "866", "877", "888")
GB_MOBILE = "+447700900"
POOLS: Mapping[str, NumberRange] = {
    **RANGES,
    "toll-free": NumberRange(tuple(f"+1{prefix}55501" for prefix in TOLL_FREE_PREFIXES), 2),
    "GB mobile": NumberRange((GB_MOBILE,), 3),
}
LARGEST_POOL = "IE"
DRAWS = 8  # a number that is held already is drawn again so often, then one of the largest pool is taken
TAGS = ("fax", "main line", "seasonal", "test, do not use")
CUSTOMERS, CONNECTIONS, BILLING_GROUPS = 60, 8, 5
PIN_SHARE = 0.3
_draw_pool = weighted_choice(
    {"US": 70, "CA": 6, "IE": 10, "GB": 3, "FR": 3, "AU": 2, "toll-free": 2, "GB mobile": 2, "DE": 1.5, "SE": 0.5}
)
_draw_source = weighted_choice({"purchased": 75, "ported": 25})


class Change(NamedTuple):
    """Fields of a holding that change at an instant; a status only follows some others, see `store.inventory`."""

    at: datetime
    fields: Mapping[str, Any]


class Holding(NamedTuple):
    """One number from its purchase on, with the fields it has then and the changes planned for it."""

    id: str
    phone_number: str
    created_at: datetime
    source: str
    fields: Mapping[str, Any]
    changes: tuple[Change, ...]


def draw_holdings(seed: int, count: int, first: datetime, last: datetime, taken: set[str]) -> Iterator[Holding]:
    """Yield numbers that are bought or ported in between two instants, none of them in `taken`."""
    rng, taken = rng_for(seed, "numbers"), set(taken)
    for _ in range(count):
        number = _draw_number(rng, taken)
        taken.add(number)
        yield draw_holding(rng, number, _between(rng, first, last), is_of_order=False)


def draw_holding(
    rng: Random, phone_number: str, created_at: datetime, *, is_of_order: bool, customer: str | None = None
) -> Holding:
    """Plan the holding of one number, of a given customer or of any; orders decide how one of theirs ends."""
    source = "purchased" if is_of_order else _draw_source(rng)
    fields = {
        "customer_reference": customer or (_draw_customer(rng) if rng.random() < 0.9 else None),
        "connection_id": f"12934000000000{rng.randrange(CONNECTIONS):04d}" if rng.random() < 0.95 else None,
        "billing_group_id": _billing_group(rng.randrange(BILLING_GROUPS)) if rng.random() < 0.5 else None,
        "external_pin": f"canary{rng.getrandbits(40):010x}" if rng.random() < PIN_SHARE else None,
    }
    changes = [*_arrival(rng, created_at, source), *([] if is_of_order else _end(rng, created_at))]
    if not customer and rng.random() < 0.06:
        moved = {"customer_reference": _draw_customer(rng)}
        changes.append(Change(created_at + _days(rng, 5, 700), moved))
    return Holding(draw_uuid(rng), phone_number, created_at, source, fields, tuple(changes))


def type_of(phone_number: str) -> str:
    """Return Telnyx's type of a number."""
    if phone_number.startswith("+1") and phone_number[2:5] in TOLL_FREE_PREFIXES:
        return "toll_free"
    return "mobile" if phone_number.startswith(GB_MOBILE) else "local"


def tags_of(number_id: str) -> list[str]:
    """Return the tags of a number; most have none."""
    rng = rng_for(0, "tags", number_id)
    return rng.sample(TAGS, k=rng.choice([0, 0, 0, 1, 2]))


def country_shown(phone_number: str) -> str | None:
    """Return the country that the API shows for a number; a toll-free one counts as American."""
    return "US" if type_of(phone_number) == "toll_free" else country_of(phone_number)


def _draw_number(rng: Random, taken: set[str]) -> str:
    for _ in range(DRAWS):
        pool = POOLS[_draw_pool(rng)]
        number = pool.number(rng.randrange(pool.size()))
        if number not in taken:
            return number
    pool = POOLS[LARGEST_POOL]
    position = rng.randrange(pool.size())
    while (number := pool.number(position % pool.size())) in taken:
        position += 1
    return number


def _arrival(rng: Random, created_at: datetime, source: str) -> Iterator[Change]:
    """Plan how a number comes into service."""
    if source == "purchased":
        yield Change(created_at, {"status": "purchase-pending"})
        yield Change(created_at + MINUTE * rng.randint(1, 30), {"status": "active"})
        return
    yield Change(created_at, {"status": "port-pending"})
    is_refused = rng.random() < 0.03
    yield Change(created_at + _days(rng, 2, 20), {"status": "port-failed" if is_refused else "active"})


def _end(rng: Random, created_at: datetime) -> Iterator[Change]:
    """Plan the end of the few numbers that are deleted, or leave without an order."""
    draw = rng.random()
    if draw < 0.05:
        yield Change(created_at + _days(rng, 10, 700), {"status": "deleted"})
    elif draw < 0.053:
        yield Change(created_at + _days(rng, 30, 700), {"status": "ported-out"})


def _draw_customer(rng: Random) -> str:
    return f"CUST-{int(CUSTOMERS * rng.random() ** 2):04d}"  # the first hold most


def _billing_group(number: int) -> str:
    return f"f5586561-8ff0-4291-a0ac-84fe5448{number:04d}"


def _days(rng: Random, least: float, most: float) -> timedelta:
    return timedelta(seconds=int(rng.uniform(least, most) * 86_400))


def _between(rng: Random, first: datetime, last: datetime) -> datetime:
    return first + timedelta(seconds=int((last - first).total_seconds() * rng.random()))
