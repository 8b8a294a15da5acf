from __future__ import annotations

from collections import defaultdict
from datetime import date

from reference_implementation.numbers import place_name, state_of
from reference_implementation.single_marts import Known
from reference_implementation.terms import Row, month_of


def rows(known: Known) -> list[Row]:
    month_ported = {
        order["portout_id"]: month_of(order["ported_on"]) for order in known.marts["fct_portouts"] if order["ported_on"]
    }
    left: defaultdict[tuple[date, str | None, str | None, str | None], list[str]] = defaultdict(list)
    of_month: defaultdict[date, int] = defaultdict(int)
    for number in known.marts["fct_portout_numbers"]:
        if month := month_ported.get(number["portout_id"]):
            kind = month, number["country_code"], number["area_code"], number["number_type"]
            left[kind].append(number["portout_id"])
            of_month[month] += 1
    return [
        {
            "month": month,
            "country_code": country,
            "area_code": area,
            "number_type": number_type,
            "place": place_name(country, area),
            "area_state": state_of(country, area),
            "orders_ported": len(set(orders)),
            "numbers_ported": len(orders),
            "share_of_numbers": len(orders) / of_month[month],
        }
        for (month, country, area, number_type), orders in left.items()
    ]
