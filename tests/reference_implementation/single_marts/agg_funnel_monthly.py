from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

from reference_implementation.single_marts import Known
from reference_implementation.single_marts.fct_order_stages import rows as stages_of_orders
from reference_implementation.terms import Row, month_of, percentile, share

STAGES = ("answer", "foc", "port", "total", "first_comment")


def rows(known: Known) -> list[Row]:
    stages = {row["portout_id"]: row for row in stages_of_orders(known)}
    months: defaultdict[date, list[Row]] = defaultdict(list)
    for order in known.marts["fct_portouts"]:
        if order["received_on"]:
            months[month_of(order["received_on"])].append(order | stages[order["portout_id"]])
    return [{"month": month, **counts(orders), **hours(orders)} for month, orders in months.items()]


def counts(orders: list[Row]) -> Row:
    status, answers = (Counter(order[name] for order in orders) for name in ("status", "first_answer"))
    grace = Counter(order["is_past_grace"] for order in orders)
    accepted = answers["authorized"] + answers["authorized_automatically"]
    answered = accepted + answers["rejected"]
    return {
        "orders_received": len(orders),
        "orders_answered": answered,
        "orders_accepted_first": accepted,
        "orders_accepted_by_silence": answers["authorized_automatically"],
        "orders_foc_confirmed": sum(order["is_foc_confirmed"] for order in orders),
        "orders_ported": status["ported"],
        "orders_rejected": status["rejected"],
        "orders_canceled": status["canceled"],
        "orders_open": sum(order["is_open"] for order in orders),
        "orders_ported_on_time": grace[False],
        "orders_ported_past_grace": grace[True],
        "orders_commented": sum(order["comment_count"] > 0 for order in orders),
        "first_pass_acceptance": share(accepted, answered),
        "on_time_share": share(grace[False], grace[False] + grace[True]),
    }


def hours(orders: list[Row]) -> Row:
    found: Row = {}
    for stage in STAGES:
        known = [order[f"{stage}_hours"] for order in orders if order[f"{stage}_hours"] is not None]
        found |= {f"p{rank}_{stage}_hours": percentile(known, rank / 100) for rank in (50, 90)}
    return found
