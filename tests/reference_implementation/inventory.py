"""The inventory in plain Python: what the readings of the list of numbers say of each number.

A reading is what the API listed at an instant, and whether that is proven to be everything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from reference_implementation.terms import Row, instant_or_none, words

IN_SERVICE = ("active", "emergency-only", "port-out-pending")
# All readings are of this account.
ACCOUNT = "default"
LEFT = ("ported-out", "deleted")


def numbers_of(readings: Sequence[Row]) -> list[Row]:
    """Describe every number that a reading has shown."""
    readings = sorted(readings, key=lambda reading: reading["read_at"])
    shown: dict[str, list[tuple[datetime, Row]]] = {}
    for reading in readings:
        for number in reading["numbers"]:
            shown.setdefault(number["id"], []).append((reading["read_at"], number))
    return [_number(number_id, times, readings) for number_id, times in shown.items()]


def _number(number_id: str, shown: Sequence[tuple[datetime, Row]], readings: Sequence[Row]) -> Row:
    last_seen_at, last = shown[-1]
    missing = [reading["read_at"] for reading in readings if reading["is_proven"] and reading["read_at"] > last_seen_at]
    missing_since = missing[0] if missing else None
    status = words(last["status"])
    times = {name: instant_or_none(last[name]) for name in ("created_at", "purchased_at", "activated_at")}
    in_service_from = left_at = left_how = None
    if status in (*IN_SERVICE, *LEFT):
        in_service_from = times["activated_at"] or times["purchased_at"] or times["created_at"] or shown[0][0]
    if status in LEFT:
        left_at, left_how = _began_at(last["status"], shown), status
    elif status in IN_SERVICE and missing_since:
        left_at, left_how = missing_since, "missing"
    if left_at and in_service_from:
        left_at = max(left_at, in_service_from)
    kind = (words(last["phone_number_type"]) or "").lower() or None
    return {
        "phone_number_id": number_id,
        "account": ACCOUNT,
        "phone_number": last["phone_number"],
        "number_status": status,
        "number_type": "toll_free" if kind == "tollfree" else kind,
        "country_code": words(last["country_iso_alpha2"]),
        "customer_reference": words(last["customer_reference"]),
        "connection_id": words(last["connection_id"]),
        "billing_group_id": words(last["billing_group_id"]),
        "tags": json.dumps(sorted(last["tags"]), separators=(",", ":")) if last.get("tags") else None,
        "has_pin": bool(last["external_pin"]),
        "is_held": status in IN_SERVICE and not missing_since,
        **times,
        "in_service_from": in_service_from,
        "left_at": left_at,
        "left_how": left_how,
        "missing_since": missing_since,
    }


def _began_at(status: str, shown: Sequence[tuple[datetime, Row]]) -> datetime:
    return min(
        min(instant_or_none(number["updated_at"]) or read_at, read_at)
        for read_at, number in shown
        if words(number["status"]) == words(status)
    )


def ported_numbers(marts: dict[str, list[Row]], numbers: Sequence[Row]) -> list[Row]:
    """Match each number of a dated port-out with the number of the inventory that came into service last before it."""
    orders = {
        order["portout_id"]: order
        for order in marts["fct_portouts"]
        if order["ported_at"] and order["account"] == ACCOUNT
    }
    by_phone_number: dict[str, list[Row]] = {}
    for number in numbers:
        by_phone_number.setdefault(number["phone_number"], []).append(number)
    ported = []
    for row in marts["fct_portout_numbers"]:
        order = orders.get(row["portout_id"])
        if order is None:
            continue
        candidates = [
            (number["in_service_from"], number["phone_number_id"], number)
            for number in by_phone_number.get(row["phone_number"] or "", ())
            if number["in_service_from"] and number["in_service_from"] <= order["ported_at"]
        ]
        ported.append((row, order, max(candidates, key=lambda one: one[:2])[2] if candidates else None))
    return [{"row": row, "order": order, "number": number} for row, order, number in ported]
