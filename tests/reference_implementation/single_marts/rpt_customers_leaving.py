from __future__ import annotations

from datetime import timedelta

from reference_implementation.inventory import ACCOUNT, numbers_of
from reference_implementation.single_marts import Known
from reference_implementation.terms import Row

RECENT = timedelta(hours=72)


def rows(known: Known) -> list[Row]:
    if not known.readings:
        return []
    numbers = numbers_of(known.readings)
    recent = {
        order["portout_id"]: order
        for order in known.marts["fct_portouts"]
        if order["account"] == ACCOUNT
        and order["inserted_at"]
        and order["inserted_at"] >= known.terms.as_of - RECENT
        and order["status"] not in ("rejected", "canceled")
    }
    asked: dict[str | None, list[tuple[str, Row]]] = {}
    for row in known.marts["fct_portout_numbers"]:
        order = recent.get(row["portout_id"])
        if order and row["phone_number"]:
            customer = _customer(numbers, row["phone_number"], order)
            asked.setdefault(customer, []).append((row["phone_number"], order))
    deadlines = {row["portout_id"]: row for row in known.marts["rpt_open_orders"]}
    return [_row(known, customer, wanted, numbers, deadlines) for customer, wanted in asked.items()]


def _customer(numbers: list[Row], phone_number: str, order: Row) -> str | None:
    candidates = [
        (number["in_service_from"], number["phone_number_id"], number)
        for number in numbers
        if number["phone_number"] == phone_number
        and number["in_service_from"]
        and number["in_service_from"] <= order["inserted_at"]
    ]
    return max(candidates, key=lambda one: one[:2])[2]["customer_reference"] if candidates else None


def _row(
    known: Known, customer: str | None, wanted: list[tuple[str, Row]], numbers: list[Row], deadlines: dict[str, Row]
) -> Row:
    orders = {order["portout_id"]: order for _, order in wanted}
    asked = {phone_number for phone_number, _ in wanted}
    held = {
        number["phone_number"]
        for number in numbers
        if number["is_held"] and number["phone_number"] and number["customer_reference"] == customer
    }
    waiting = [deadlines[id_] for id_ in orders if id_ in deadlines]
    return {
        "account": ACCOUNT,
        "customer_reference": customer,
        "orders": len(orders),
        "carriers": len({order["carrier_id"] for order in orders.values()}),
        "numbers_asked": len(asked),
        "numbers_held": len(held | asked),
        "share_of_numbers": len(asked) / len(held | asked),
        "customer_value": known.customer_values.get(customer) if customer else None,
        "first_received_at": min(order["inserted_at"] for order in orders.values()),
        "last_received_at": max(order["inserted_at"] for order in orders.values()),
        "orders_pending": sum(order["status"] == "pending" for order in orders.values()),
        "first_deadline_at": min((row["deadline_at"] for row in waiting if row["deadline_at"]), default=None),
        "hours_left": min((row["hours_left"] for row in waiting if row["hours_left"] is not None), default=None),
    }
