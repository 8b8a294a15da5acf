"""What a warehouse remembers between syncs: covered ranges, open orders, and orders still to be read again.

The state travels as JSON in dlt's own state, in the same load package as the rows it speaks of, so both are committed
or neither is. It grows with the number of open orders, never with history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from portouts.records.rows import canonical_ids
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
    """Everything a sync knows before it asks its first question."""

    start: datetime | None = None
    """Orders inserted from here on are held."""
    covered: dict[Axis, list[Window]] = field(default_factory=lambda: {axis: [] for axis in Axis})
    """Ranges read, proven and committed."""
    confirmed_until: datetime | None = None
    """Up to this instant, what is covered lay in the past by the API's clock too; None where it showed none so far."""
    open_orders: dict[str, OpenOrder] = field(default_factory=dict)
    """Orders held whose status can still change in the ordinary way."""
    to_read: set[str] = field(default_factory=set)
    """Orders named by events since they were last read."""
    recent_events: dict[str, datetime] = field(default_factory=dict)
    """Events inside the overlap, with their `created_at`: their orders have been read since."""
    unfinished_events: dict[str, datetime] = field(default_factory=dict)
    """Events read without a payload, with their `created_at`: Telnyx had not made it yet."""
    events_tell_from: datetime | None = None
    """Every order held was read at or after this instant, so older events name nothing new."""
    orders_read: int = 0
    """Orders read from ranges not covered before; with `first_inserted_at` it tells how dense orders lie."""
    first_inserted_at: datetime | None = None
    events_refused: bool = False
    """The account may not read events; said once, and asked again by every sync."""
    privacy: str | None = None
    """What was made of personal data, see `Privacy.fingerprint`."""
    are_ids_canonical: bool = True
    """The ids of all rows loaded so far are written as they are compared, which earlier versions did not do."""
    witnesses: list[str] = field(default_factory=list)
    """The newest orders held. An account that knows none of them is another account."""
    time_zone: str | None = None
    """The zone whose days and months tell when orders were ported of which no event does."""

    def cover(self, axis: Axis, window: Window) -> None:
        self.covered[axis] = merge([*self.covered[axis], window])

    def count_orders(self, window: Window, inserted_at: pa.ChunkedArray) -> None:
        """Take the orders of a range not covered before into the estimate of their density."""
        first = pc.min(inserted_at).as_py()
        if first is None or not gaps(self.covered[Axis.INSERTED], window):
            return
        self.orders_read += len(inserted_at)
        self.first_inserted_at = min(first, self.first_inserted_at or first)

    def remember_unfinished(self, events: pa.Table, missing: Iterable[str], read_at: datetime) -> None:
        """Note which of these events still lack their payload; those that the API no longer knows never get one."""
        has_payload = pc.is_valid(events["payload"])
        for id_ in [*events.filter(has_payload)["id"].to_pylist(), *missing]:
            self.unfinished_events.pop(id_, None)
        lacking = events.filter(pc.invert(has_payload))
        for id_, created_at in zip(lacking["id"].to_pylist(), lacking["created_at"].to_pylist(), strict=True):
            self.unfinished_events[id_] = created_at or self.unfinished_events.get(id_, read_at)

    def remember(self, orders: pa.Table) -> None:
        """Hold the open ones among these orders as open, and no longer those that are final now."""
        newest = orders.take(pc.select_k_unstable(orders, WITNESSES, [("inserted_at", "descending")]))["id"].to_pylist()
        self.witnesses = list(dict.fromkeys([*newest, *self.witnesses]))[:WITNESSES]
        is_final = pc.is_in(orders["status"], pa.array(FINAL_STATUSES))
        for id_ in self.open_orders.keys() & set(orders.filter(is_final)["id"].to_pylist()):
            del self.open_orders[id_]
        for order in orders.filter(pc.invert(is_final)).select(["id", "inserted_at", "updated_at"]).to_pylist():
            self.open_orders[order["id"]] = OpenOrder(order["inserted_at"], order["updated_at"])

    def known_orders(self) -> list[str]:
        """List a few orders that the account must know; a state of an older version names only open ones."""
        return self.witnesses or sorted(self.open_orders)[-WITNESSES:]

    def is_held(self, order_id: str) -> bool:
        """Return whether an order is known to be held; most that are in a final status are not remembered."""
        return order_id in self.open_orders or order_id in self.witnesses

    def covered_until(self) -> datetime | None:
        """Return the latest end of what is covered; None where nothing is."""
        return max((window.end for windows in self.covered.values() for window in windows), default=None)

    def bound_by_api_clock(self, now: datetime, ahead: timedelta, overlap: timedelta) -> bool:
        """Forget what an earlier sync covered beyond `now` by the API's clock; say whether all had to be forgotten.

        What no `Date` confirms may have been read by a clock that was ahead. Where one was, or this machine's is by
        more than `overlap`, each earlier sync may have left out as much. Up to `overlap` that is read again anyway.
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
        self.events_tell_from = min(self.events_tell_from or instant, instant)
        self.recent_events = {id_: at for id_, at in self.recent_events.items() if at <= instant}

    def forget_ranges(self) -> None:
        """Make the next sync read everything again; open orders and history stay."""
        self.covered = {axis: [] for axis in Axis}
        self.recent_events = {}
        self.orders_read = 0

    def orders_per_second(self, as_of: datetime) -> float:
        """Estimate how densely orders were inserted; 0.0 when nothing is known."""
        if not self.first_inserted_at or as_of <= self.first_inserted_at:
            return 0.0
        return self.orders_read / (as_of - self.first_inserted_at).total_seconds()

    def forget_events_before(self, instant: datetime) -> None:
        self.recent_events = {id_: at for id_, at in self.recent_events.items() if at >= instant}

    def forget_unfinished_before(self, instant: datetime) -> None:
        self.unfinished_events = {id_: at for id_, at in self.unfinished_events.items() if at >= instant}

    def to_json(self) -> Json:
        return {
            "start": _text(self.start),
            "covered": {str(axis): [[_text(w.start), _text(w.end)] for w in self.covered[axis]] for axis in Axis},
            "confirmed_until": _text(self.confirmed_until),
            "open_orders": {
                id_: [_text(order.inserted_at), _text(order.updated_at)] for id_, order in self.open_orders.items()
            },
            "to_read": sorted(self.to_read),
            "recent_events": {id_: _text(at) for id_, at in self.recent_events.items()},
            "unfinished_events": {id_: _text(at) for id_, at in self.unfinished_events.items()},
            "events_tell_from": _text(self.events_tell_from),
            "orders_read": self.orders_read,
            "first_inserted_at": _text(self.first_inserted_at),
            "events_refused": self.events_refused,
            "privacy": self.privacy,
            "witnesses": self.witnesses,
            "time_zone": self.time_zone,
            "are_ids_canonical": self.are_ids_canonical,
        }

    @classmethod
    def from_json(cls, json: Json) -> SyncState:
        """Read what `to_json` wrote; an empty mapping is the state before the first sync."""
        covered = json.get("covered", {})
        return cls(
            start=_instant(json.get("start")),
            covered={axis: _windows(covered.get(str(axis), ())) for axis in Axis},
            confirmed_until=_instant(json.get("confirmed_until")),
            open_orders={
                id_: OpenOrder(_instant(inserted_at), _instant(updated_at))
                for id_, (inserted_at, updated_at) in _by_id(json.get("open_orders", {})).items()
            },
            to_read=set(canonical_ids(json.get("to_read", ()))),
            recent_events=_instants(json.get("recent_events", {})),
            unfinished_events=_instants(json.get("unfinished_events", {})),
            events_tell_from=_instant(json.get("events_tell_from")),
            orders_read=json.get("orders_read", 0),
            first_inserted_at=_instant(json.get("first_inserted_at")),
            events_refused=json.get("events_refused", False),
            privacy=json.get("privacy"),
            witnesses=json.get("witnesses", []),
            time_zone=json.get("time_zone"),
            are_ids_canonical=json.get("are_ids_canonical", not json),
        )


def _instants(texts: Mapping[str, str | None]) -> dict[str, datetime]:
    return {id_: datetime.fromisoformat(text) for id_, text in _by_id(texts).items() if text}


def _by_id(values: Mapping[str, T]) -> Mapping[str, T]:
    """Write the ids as they are compared, which earlier versions did not."""
    return dict(zip(canonical_ids(values), values.values(), strict=True))


def _windows(pairs: Iterable[Iterable[str]]) -> list[Window]:
    return [Window(*(datetime.fromisoformat(text) for text in pair)) for pair in pairs]


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
