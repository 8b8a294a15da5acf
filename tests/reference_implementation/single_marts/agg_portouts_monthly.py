from __future__ import annotations

from datetime import date

from reference_implementation.single_marts import Known
from reference_implementation.terms import Row, month_of

SUMMED = (
    "orders_received",
    "numbers_received",
    "orders_ported",
    "numbers_ported",
    "orders_rejected",
    "orders_canceled",
)


def rows(known: Known) -> list[Row]:
    daily = sorted(known.marts["agg_portouts_daily"], key=lambda row: row["day"])
    return [_month(known, [row for row in daily if month_of(row["day"]) == month]) for month in months(known)]


def months(known: Known) -> list[date]:
    return sorted({month_of(row["day"]) for row in known.marts["dim_days"]})


def _month(known: Known, days: list[Row]) -> Row:
    month = month_of(days[0]["day"])
    by_range = [
        order["number_count"]
        for order in known.marts["fct_portouts"]
        if order["ported_at_source"] == "range" and month_of(order["ported_on"]) == month
    ]
    return {
        "month": month,
        "is_complete": month_of(known.terms.day_of(known.terms.as_of)) > month,
        **{name: sum(day[name] for day in days) for name in SUMMED},
        "orders_ported_by_range": len(by_range),
        "numbers_ported_by_range": sum(by_range),
        "orders_open": days[-1]["orders_open"],
    }
