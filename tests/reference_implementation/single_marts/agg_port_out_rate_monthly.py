from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from reference_implementation.inventory import numbers_of, ported_numbers
from reference_implementation.single_marts import Known
from reference_implementation.terms import Row, month_of, share

BREAKDOWNS = {
    "all": "",
    "country": "country_code",
    "type": "number_type",
    "customer_reference": "customer_reference",
    "connection": "connection_id",
}


def rows(known: Known) -> list[Row]:
    lists = sorted(reading["read_at"] for reading in known.readings if reading["is_proven"])
    if not lists:
        return []
    first, last = (month_of(known.terms.day_of(at)) for at in (lists[0], lists[-1]))
    numbers = [_with_months(known, number) for number in numbers_of(known.readings) if number["in_service_from"]]
    ported: dict[date, list[Row]] = {}
    for one in ported_numbers(known.marts, numbers):
        ported.setdefault(month_of(one["order"]["ported_on"]), []).append(one)
    return [
        row | {"is_complete": month < last, "is_lower_bound": month <= first}
        for month in _months(known, last)
        for breakdown, field in BREAKDOWNS.items()
        for row in _rows_of(numbers, ported.get(month, []), month, breakdown, field)
    ]


def _with_months(known: Known, number: Row) -> Row:
    entered = month_of(known.terms.day_of(number["in_service_from"]))
    left = month_of(known.terms.day_of(number["left_at"])) if number["left_at"] else date.max
    return {**number, "entered": entered, "left": left}


def _months(known: Known, last: date) -> list[date]:
    orders = known.marts["fct_portouts"]
    days = [order[name] for order in orders for name in ("received_on", "ported_on") if order[name]]
    # Without a day on which an order was received, no day counts.
    is_any_received = any(order["received_on"] for order in orders)
    month, months = month_of(min(days)) if is_any_received else last, []
    while month <= last:
        months.append(month)
        month = month_of(month + timedelta(days=32))
    return months


def _rows_of(numbers: list[Row], ported: list[Row], month: date, breakdown: str, field: str) -> list[Row]:
    held = [number for number in numbers if number["entered"] < month <= number["left"]]
    in_service = Counter(_value(number, field) for number in held)
    left = Counter(
        _value(one["number"] or {"country_code": one["row"]["country_code"]}, field, one["row"]["country_code"])
        for one in ported
    )
    return [
        {
            "month": month,
            "breakdown": breakdown,
            "value": value,
            "numbers_in_service": in_service[value],
            "numbers_ported": left[value],
            "port_out_rate": share(left[value], in_service[value]),
        }
        for value in sorted({*in_service, *left})
    ]


def _value(number: Row, field: str, country: str | None = None) -> str:
    if not field:
        return "all"
    found = number.get(field)
    return str((found or country if field == "country_code" else found) or "unknown")
