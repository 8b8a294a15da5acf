from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

from reference_implementation.single_marts import Known
from reference_implementation.single_marts.fct_labels import rows as labelled_orders
from reference_implementation.terms import Row, month_of


def rows(known: Known) -> list[Row]:
    label_of = {row["portout_id"]: row["label"] for row in labelled_orders(known)}
    months: defaultdict[date, list[Row]] = defaultdict(list)
    for order in known.marts["fct_portouts"] if known.labels else ():
        if order["received_on"]:
            months[month_of(order["received_on"])].append(order)
    return [row_of(month, orders, label_of) for month, orders in months.items()]


def row_of(month: date, orders: list[Row], label_of: dict[str, str]) -> Row:
    found = Counter(label_of[order["portout_id"]] for order in orders if order["portout_id"] in label_of)
    return {
        "month": month,
        "orders_received": len(orders),
        "orders_ported": sum(order["status"] == "ported" for order in orders),
        "orders_labelled": found.total(),
        "orders_unauthorised": found["unauthorised"],
        "orders_in_error": found["error"],
        "orders_won_back": found["winback"],
        "unauthorised_share": found["unauthorised"] / len(orders),
        "error_share": found["error"] / len(orders),
        "winback_share": found["winback"] / len(orders),
    }
