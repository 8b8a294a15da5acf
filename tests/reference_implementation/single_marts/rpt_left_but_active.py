from __future__ import annotations

from datetime import datetime, timedelta

from reference_implementation.inventory import ACCOUNT, numbers_of, ported_numbers
from reference_implementation.single_marts import Known
from reference_implementation.terms import Row, hours_between

SHOWN = (
    "phone_number_id",
    "account",
    "phone_number",
    "number_status",
    "number_type",
    "country_code",
    "customer_reference",
    "connection_id",
    "billing_group_id",
    "in_service_from",
    "left_at",
)
OF_ORDER = ("portout_id", "carrier_id", "carrier_name", "ported_at")


def rows(known: Known) -> list[Row]:
    lists = [reading["read_at"] for reading in known.readings if reading["is_proven"]]
    numbers = numbers_of(known.readings)
    latest: dict[str, Row] = {}
    for ported in ported_numbers(known.marts, numbers):
        order, number = ported["order"], ported["number"]
        if number is None:
            continue
        known_order = latest.get(number["phone_number_id"])
        key = (order["ported_at"], order["portout_id"])
        if known_order is None or key > (known_order["ported_at"], known_order["portout_id"]):
            latest[number["phone_number_id"]] = order
    orders = {order["portout_id"]: order for order in known.marts["fct_portouts"]}
    own = [order["inserted_at"] for order in orders.values() if order["account"] == ACCOUNT]
    first = min((inserted_at for inserted_at in own if inserted_at), default=None)
    asked: dict[str, list[Row]] = {}
    for row in known.marts["fct_portout_numbers"]:
        asked.setdefault(row["phone_number"], []).append(orders[row["portout_id"]])
    found = []
    for number in numbers:
        order = latest.get(number["phone_number_id"])
        if number["is_held"] and order and lists and max(lists) - order["ported_at"] > timedelta(hours=48):
            found.append(_row(number, "still active", max(lists), order))
        elif number["number_status"] == "ported-out" and _is_unexplained(number, asked, first):
            found.append(_row(number, "left without an order", max(lists, default=None), None))
    return found


def _is_unexplained(number: Row, asked: dict[str, list[Row]], first: datetime | None) -> bool:
    if first is None or number["left_at"] < first or not number["phone_number"]:
        return False
    return not any(
        order["inserted_at"]
        and number["in_service_from"] <= order["inserted_at"] <= number["left_at"]
        and order["status"] not in ("rejected", "canceled")
        for order in asked.get(number["phone_number"], ())
    )


def _row(number: Row, problem: str, read_at: object, order: Row | None) -> Row:
    return {
        **{name: number[name] for name in SHOWN},
        "problem": problem,
        **{name: order[name] if order else None for name in OF_ORDER},
        "hours_since_ported": hours_between(order["ported_at"], read_at) if order else None,  # type: ignore[arg-type]  # an instant
        "list_read_at": read_at,
    }
