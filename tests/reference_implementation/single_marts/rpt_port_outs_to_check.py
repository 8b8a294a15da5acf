from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from reference_implementation.histories import History
from reference_implementation.single_marts import Known
from reference_implementation.single_marts.fct_labels import rows as labelled_orders
from reference_implementation.terms import Row

DAY = timedelta(days=1)
SHOWN = (
    "portout_id",
    "account",
    "support_key",
    "status",
    "carrier_id",
    "carrier_name",
    "end_user_name",
    "number_count",
    "inserted_at",
    "ported_at",
)


def rows(known: Known) -> list[Row]:
    window = timedelta(hours=known.terms.dispute_window_hours)
    label_of = {row["portout_id"]: row["label"] for row in labelled_orders(known)}
    order_of = {row["portout_id"]: row for row in known.marts["fct_portouts"]}
    clues = Clues(known)
    found = []
    for history in known.histories:
        order = order_of[history.id]
        happened = max(filter(None, (order["inserted_at"], order["ported_at"])), default=None)
        is_exposed = order["is_open"] or order["status"] == "ported"
        if is_exposed and happened and happened > known.terms.as_of - window:
            reasons = clues.of(history, order)
            count = sum(reason is True for reason in reasons.values())
            row = {name: order[name] for name in SHOWN}
            row |= {"in_window_at": happened, "check_until_at": happened + window, **reasons, "reason_count": count}
            found += [row | {"label": label_of.get(history.id)}] if count else []
    return found


class Clues:
    """What makes an order worth a check."""

    def __init__(self, known: Known) -> None:
        self.received_by: defaultdict[str, list[datetime]] = defaultdict(list)
        self.received_with: defaultdict[str, list[datetime]] = defaultdict(list)
        for history in known.histories:
            if history.inserted_at:
                self.received_by[history.carrier_id].append(history.inserted_at)
                for number in filter(None, history.order.get("phone_numbers") or []):
                    self.received_with[number].append(history.inserted_at)
        self.begins_at = min((min(times) for times in self.received_by.values()), default=None)

    def of(self, history: History, order: Row) -> Row:
        responses = {spell["response"] for spell in history.spells}
        return {
            "is_left_to_silence": "authorized_automatically" in responses,
            "is_new_carrier": self.is_new(history),
            "is_part_of_burst": self.is_in_burst(history),
            "is_repeated_attempt": self.is_repeated(history),
            "is_without_pin": is_without_pin(history),
            "is_already_ported": history.status != "ported" and order["is_already_ported"],
            "is_never_answered": history.status != "pending" and not responses & {"authorized", "rejected"},
        }

    def is_new(self, history: History) -> bool:
        times = self.received_by[history.carrier_id]
        if not times or not history.inserted_at or not self.begins_at:
            return False
        return min(times) > self.begins_at + 28 * DAY and history.inserted_at <= min(times) + 7 * DAY

    def is_in_burst(self, history: History) -> bool:
        at = history.inserted_at
        if not at or not self.begins_at or at <= self.begins_at + 29 * DAY:
            return False
        apart = [
            (other.replace(microsecond=0) - at.replace(microsecond=0)) for other in self.received_by[history.carrier_id]
        ]
        near = sum(-DAY <= gap <= DAY for gap in apart)
        usual = sum(-29 * DAY <= gap < -DAY for gap in apart) / 14
        return near >= 5 and near > 3 * usual

    def is_repeated(self, history: History) -> bool | None:
        numbers = [number for number in history.order.get("phone_numbers") or [] if number]
        if not numbers:
            return None
        at = history.inserted_at
        return bool(at) and any(other < at for number in numbers for other in self.received_with[number])  # type: ignore[operator]  # checked before


def is_without_pin(history: History) -> bool | None:
    payloads = [event.get("payload") or {} for event in history.events]
    shown = [payload["attempted_pin"] for payload in payloads if "attempted_pin" in payload]
    return not any(shown) if shown else None
