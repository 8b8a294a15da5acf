from __future__ import annotations

from reference_implementation.single_marts import Known
from reference_implementation.terms import Row


def rows(known: Known) -> list[Row]:
    return [
        {
            "as_of": known.terms.as_of,
            "reporting_time_zone": known.terms.time_zone,
            "response_window_hours": float(known.terms.response_window_hours),
            "business_time_zone": known.terms.business_time_zone,
            "business_country_code": known.terms.business_country,
            "dispute_window_hours": known.terms.dispute_window_hours,
        }
    ]
