"""How long we take to answer: percentiles by month, and Kaplan-Meier, walked from the shortest spell to the longest."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from reference_implementation.carriers import answer_hours
from reference_implementation.terms import Row, Terms, hours_between, month_of, percentile

if TYPE_CHECKING:
    from reference_implementation.histories import History


HALF = Fraction(1, 2)


def survival(spells: list[Row], as_of: datetime) -> list[Row]:
    return [{**step, "still_pending_share": float(step["still_pending_share"])} for step in curve(spells, as_of)]


def curve(spells: list[Row], as_of: datetime) -> list[Row]:
    """Walk from the shortest spell to the longest; shares are exact fractions."""
    durations: list[tuple[float, bool]] = []
    for spell in spells:
        if spell["measured_by"] == "unknown":
            continue
        waited = hours_between(spell["pending_at"], as_of) if spell["response"] == "open" else spell["response_hours"]
        if waited is not None:
            durations.append((waited, not spell["is_censored"]))
    durations.sort()
    rows: list[Row] = []
    pending, walked = Fraction(1), 0
    while walked < len(durations):
        hours = durations[walked][0]
        at_risk = len(durations) - walked
        responded = censored = 0
        while walked < len(durations) and durations[walked][0] == hours:
            responded += durations[walked][1]
            censored += not durations[walked][1]
            walked += 1
        pending *= Fraction(at_risk - responded, at_risk)
        rows.append(
            {
                "hours": hours,
                "at_risk": at_risk,
                "responded": responded,
                "censored": censored,
                "still_pending_share": pending,
            }
        )
    return rows


def censored_median(steps: list[Row]) -> float | None:
    """Find where the curve falls to one half; if it stays there, the middle of the time for which it does."""
    falls = [step for step in steps if step["responded"]]
    at_most_half = [step["hours"] for step in falls if step["still_pending_share"] <= HALF]
    below_half = [step["hours"] for step in falls if step["still_pending_share"] < HALF]
    if not at_most_half:
        return None
    return float(at_most_half[0] + (below_half or at_most_half)[0]) / 2


def latency_monthly(histories: list[History], terms: Terms) -> list[Row]:
    months: defaultdict[date, list[Row]] = defaultdict(list)
    for history in histories:
        for spell in history.spells:
            if spell["pending_at"]:
                months[month_of(terms.day_of(spell["pending_at"]))].append(spell)
    rows = []
    for month, spells in sorted(months.items()):
        hours, business = answer_hours(spells), answer_hours(spells, "response_business_hours")
        rows.append(
            {
                "month": month,
                "spells": len(spells),
                "responded": sum(not spell["is_censored"] for spell in spells),
                "timed": len(hours),
                "open": sum(spell["response"] == "open" for spell in spells),
                "p50_hours": percentile(hours, 0.5),
                "p90_hours": percentile(hours, 0.9),
                "p95_hours": percentile(hours, 0.95),
                "max_hours": max(hours, default=None),
                "p50_business_hours": percentile(business, 0.5),
                "p90_business_hours": percentile(business, 0.9),
                "within_24h": sum(hour <= 24 for hour in hours),
                "within_48h": sum(hour <= 48 for hour in hours),
                "within_one_business_day": sum(
                    bool(spell["is_within_one_business_day"]) for spell in spells if not spell["is_censored"]
                ),
                "automatic": sum(spell["response"] == "authorized_automatically" for spell in spells),
                "median_hours_censored": censored_median(curve(spells, terms.as_of)),
            }
        )
    return rows
