"""What a warehouse remembers between syncs: covered ranges, open orders, and orders still to be read again.

The state is JSON inside dlt's own state, in the same load package as the rows that it describes: both are committed, or
neither is. It grows with the number of open orders, never with history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from portouts.records.rows import canonical_ids
from portouts.records.schema import PAYLOAD_NAMES
from portouts.telnyx.queries import FINAL_STATUSES, Axis
from portouts.windows import RESOLUTION, Window, gaps, merge

Json = dict[str, Any]
WITNESSES = 5
T = TypeVar("T")


@dataclass
class OpenOrder:
    """An order that was not in a final status when last read; `updated_at` as the API gave it then."""

    inserted_at: datetime | None
    updated_at: datetime | None


@dataclass
class SyncState:
    """Everything a sync knows before its first request."""

    start: datetime | None = None
    """We have the orders inserted from this instant on."""
    covered: dict[Axis, list[Window]] = field(default_factory=lambda: {axis: [] for axis in Axis})
    """Ranges read, proven and committed."""
    confirmed_until: datetime | None = None
    """By the API's clock, too, ranges up to this instant lay in the past; None if the API never showed its clock."""
    open_orders: dict[str, OpenOrder] = field(default_factory=dict)
    """Orders that we have and whose status usually still changes."""
    to_read: set[str] = field(default_factory=set)
    """Orders that events named since we last read them."""
    recent_events: dict[str, datetime] = field(default_factory=dict)
    """Events inside the overlap, with their `created_at`: we have read their orders since."""
    unfinished_events: dict[str, datetime] = field(default_factory=dict)
    """Events read without a payload, with their `created_at`: Telnyx had not made it yet."""
    events_new_from: datetime | None = None
    """Only events from this instant on name changes that we lack: we read every order at or after it."""
    orders_read: int = 0
    """Orders read for the first time; divided by the time since `first_inserted_at`: the density of orders."""
    first_inserted_at: datetime | None = None
    events_refused: bool = False
    """The account may not read events; reported once, and tried again by every sync."""
    privacy: str | None = None
    """How personal data of the loaded rows is masked, see `Privacy.fingerprint`."""
    are_ids_canonical: bool = True
    """All loaded rows have ids in their canonical spelling, which earlier versions did not write."""
    witnesses: list[str] = field(default_factory=list)
    """The newest orders that we have. An account that knows none of them is another account."""
    inventory_read_at: datetime | None = None
    """When the whole list of numbers was last read and proven."""
    time_zone: str | None = None
    """Orders without a ported event are dated in days and months of this zone."""

    def cover(self, axis: Axis, window: Window) -> None:
        self.covered[axis] = merge([*self.covered[axis], window])

    def count_orders(self, window: Window, inserted_at: pa.ChunkedArray) -> None:
        """Include the orders of a range that was not covered before in the estimate of their density."""
        first = pc.min(inserted_at).as_py()
        if first is None or not gaps(self.covered[Axis.INSERTED], window):
            return
        self.orders_read += len(inserted_at)
        self.first_inserted_at = min(first, self.first_inserted_at or first)

    def remember_unfinished(self, events: pa.Table, missing: Iterable[str], read_at: datetime) -> None:
        """Remember which of these events still lack their payload; those `missing` in the API never get one."""
        has_payload = pc.or_(pc.is_valid(events["payload"]), pc.is_valid(events[PAYLOAD_NAMES]))
        for id_ in [*events.filter(has_payload)["id"].to_pylist(), *missing]:
            self.unfinished_events.pop(id_, None)
        lacking = events.filter(pc.invert(has_payload))
        for id_, created_at in zip(lacking["id"].to_pylist(), lacking["created_at"].to_pylist(), strict=True):
            self.unfinished_events[id_] = created_at or self.unfinished_events.get(id_, read_at)

    def remember(self, orders: pa.Table) -> None:
        """Add the open ones among these orders to `open_orders`, and remove those in a final status."""
        newest = orders.take(pc.select_k_unstable(orders, WITNESSES, [("inserted_at", "descending")]))["id"].to_pylist()
        self.witnesses = list(dict.fromkeys([*newest, *self.witnesses]))[:WITNESSES]
        is_final = pc.is_in(orders["status"], pa.array(FINAL_STATUSES))
        for id_ in self.open_orders.keys() & set(orders.filter(is_final)["id"].to_pylist()):
            del self.open_orders[id_]
        for order in orders.filter(pc.invert(is_final)).select(["id", "inserted_at", "updated_at"]).to_pylist():
            self.open_orders[order["id"]] = OpenOrder(order["inserted_at"], order["updated_at"])

    def known_orders(self) -> list[str]:
        """List a few orders that the account must know; an earlier version remembered only open ones."""
        return self.witnesses or sorted(self.open_orders)[-WITNESSES:]

    def is_held(self, order_id: str) -> bool:
        """Return whether we are known to have an order; most orders in a final status are not remembered."""
        return order_id in self.open_orders or order_id in self.witnesses

    def covered_until(self) -> datetime | None:
        """Return the latest end of all covered ranges; None if there is none."""
        return max((window.end for windows in self.covered.values() for window in windows), default=None)

    def bound_by_api_clock(self, now: datetime, ahead: timedelta, overlap: timedelta) -> bool:
        """Remove from the covered ranges what lies after `now`, the API's clock; return whether all had to be removed.

        A machine whose clock was ahead covered ranges that the API had not reached. If the clock was ahead by more
        than `overlap`, every earlier sync may have missed rows, so nothing counts as covered. Up to `overlap`, every
        sync reads those rows again anyway. `ahead` is how far this machine's clock is ahead now.
        """
        until, confirmed_until = self.covered_until(), self.confirmed_until
        if confirmed_until is None:
            is_doubtful = until is not None and (until > now + overlap or ahead > overlap)
        else:
            is_doubtful = confirmed_until > now + overlap
        if is_doubtful:
            self.forget_ranges()
        self._cover_until(min(confirmed_until or now, now))
        self.confirmed_until = None if is_doubtful or confirmed_until is None else min(confirmed_until, now)
        return is_doubtful

    def _cover_until(self, instant: datetime) -> None:
        end = instant + RESOLUTION
        self.covered = {
            axis: [Window(each.start, min(each.end, end)) for each in windows if each.start < end]
            for axis, windows in self.covered.items()
        }
        self.events_new_from = min(self.events_new_from or instant, instant)
        self.recent_events = {id_: at for id_, at in self.recent_events.items() if at <= instant}

    def forget_ranges(self) -> None:
        """Make the next sync read everything again; open orders stay."""
        self.covered = {axis: [] for axis in Axis}
        self.recent_events = {}
        self.orders_read = 0

    def orders_per_second(self, as_of: datetime) -> float:
        """Estimate how many orders were inserted per second; 0.0 if nothing is known."""
        if not self.first_inserted_at or as_of <= self.first_inserted_at:
            return 0.0
        return self.orders_read / (as_of - self.first_inserted_at).total_seconds()

    def forget_events_before(self, instant: datetime) -> None:
        self.recent_events = {id_: at for id_, at in self.recent_events.items() if at >= instant}

    def forget_unfinished_before(self, instant: datetime) -> None:
        self.unfinished_events = {id_: at for id_, at in self.unfinished_events.items() if at >= instant}

    def to_json(self) -> Json:
        """Write the state as plain JSON values, which `from_json` reads."""
        written: Json = msgspec.to_builtins(self, order="deterministic")
        return written

    @classmethod
    def from_json(cls, json: Json) -> SyncState:
        """Read what `to_json` of this or an earlier version wrote; an empty mapping is the state of a first sync."""
        return msgspec.convert(_in_the_present_form(json), cls) if json else cls()


def _in_the_present_form(json: Json) -> Json:
    """Rewrite a state of an earlier version: it has pairs instead of objects, ids in any case, and an older name."""
    return {
        "events_new_from": json.get("events_tell_from"),
        **json,
        "covered": {
            str(axis): [_as_object(window, "start", "end") for window in json.get("covered", {}).get(str(axis), ())]
            for axis in Axis
        },
        "open_orders": {
            id_: _as_object(order, "inserted_at", "updated_at")
            for id_, order in _by_canonical_id(json.get("open_orders", {})).items()
        },
        "to_read": canonical_ids(json.get("to_read", ())),
        "recent_events": _by_canonical_id(json.get("recent_events", {})),
        "unfinished_events": _by_canonical_id(json.get("unfinished_events", {})),
        "are_ids_canonical": json.get("are_ids_canonical", False),
    }


def _as_object(value: Json | Sequence[str | None], *names: str) -> Json:
    return value if isinstance(value, dict) else dict(zip(names, value, strict=True))


def _by_canonical_id(values: Mapping[str, T]) -> dict[str, T]:
    """Key values by the canonical spelling of their ids, and leave out empty ones."""
    ids = canonical_ids(values)
    return {id_: value for id_, value in zip(ids, values.values(), strict=True) if value is not None}
