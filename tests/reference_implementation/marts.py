"""The marts once more, in plain Python lists and loops, from what the API sends.

Written from the meanings, not from the SQL: it walks through each order's story, where the SQL sorts and joins sets.
Tests compare the two value by value. Shape: mart name -> list of rows, each a dict; instants are UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from reference_implementation.business_time import Holidays, holidays_by_country
from reference_implementation.carriers import (
    carrier_spellings,
    carriers_gained,
    carriers_monthly,
    name_carriers,
    settle_carriers,
)
from reference_implementation.histories import Story, tell_story
from reference_implementation.orders import (
    backlog_by_age,
    open_orders,
    portout,
    rejections,
    rejections_by_code,
    repeat_attempts,
    status_changes,
)
from reference_implementation.responses import latency_monthly, survival
from reference_implementation.terms import Row, Terms, by_order, instant, month_of, week_of
from reference_implementation.volumes import areas, cells, cohorts, daily, foc_slip_monthly, list_days, rolling

Marts = dict[str, list[Row]]

SYNC_COLUMNS = (
    "as_of",
    "started_at",
    "finished_at",
    "requests",
    "orders_read",
    "orders_changed",
    "is_proven",
    "published",
)
VERIFICATION_COLUMNS = (
    "content_checksum",
    "events",
    "events_missing",
    "as_of",
    "started_at",
    "finished_at",
    "depth",
    "range_start",
    "range_end",
    "buckets",
    "requests",
    "orders",
    "differences",
    "repaired",
    "moved",
    "sampled_windows",
    "sampled_orders",
    "verdict",
    "not_covered",
    "events",
    "events_missing",
)


def compute_marts(
    orders: list[Row],
    events: list[Row],
    observations: list[Row],
    ported_ranges: list[Row],
    syncs: list[Row],
    as_of: datetime,
    response_window_hours: float = 48,
    *,
    time_zone: str = "UTC",
    business_time_zone: str = "America/New_York",
    holidays: Holidays | None = None,
    verifications: Sequence[Row] = (),
    operators: Mapping[str, str] | None = None,
) -> Marts:
    """Compute every mart; an order with `deleted_at` is in none of them."""
    closed_on = holidays_by_country() if holidays is None else holidays
    terms = Terms(as_of, response_window_hours, time_zone, business_time_zone, closed_on)
    looked_at = [instant(sync["as_of"]) for sync in syncs]
    events_of, seen, ranges_of = by_order(events), by_order(observations), by_order(ported_ranges)
    stories = [
        tell_story(order, events_of[order["id"]], seen[order["id"]], ranges_of[order["id"]], looked_at, terms)
        for order in orders
        if not order.get("deleted_at")
    ]
    settle_carriers(stories)
    marts = _of_orders(stories, terms, operators or {})
    return marts | _of_time(stories, marts["fct_portouts"], terms) | _of_runs(syncs, verifications)


def _of_orders(stories: list[Story], terms: Terms, operators: Mapping[str, str]) -> Marts:
    carriers = name_carriers(stories, operators)
    rejected = [row for story in stories for row in rejections(story)]
    return {
        "dim_carrier_spellings": carrier_spellings(stories),
        "dim_carriers": list(carriers.values()),
        "fct_status_changes": [row for story in stories for row in status_changes(story)],
        "fct_portouts": [portout(story, carriers, terms) for story in stories],
        "fct_portout_numbers": [row for story in stories for row in story.numbers],
        "fct_responses": [spell for story in stories for spell in story.spells],
        "fct_rejections": rejected,
        "agg_rejections": rejections_by_code(rejected),
        "agg_repeat_attempts": repeat_attempts(stories),
        "agg_portouts": cells(stories, terms),
        "agg_portouts_by_area": areas(stories),
        "agg_carriers_gained": carriers_gained(stories, carriers),
        "agg_carriers_gained_monthly": carriers_monthly(stories, carriers, terms),
        "rpt_open_orders": open_orders(stories, carriers, terms),
    }


def _of_time(stories: list[Story], orders: list[Row], terms: Terms) -> Marts:
    days = list_days(stories, terms)
    by_day = daily(stories, days, terms)
    return {
        "dim_days": [{"day": day, "week": week_of(day), "month": month_of(day)} for day in days],
        "agg_portouts_daily": by_day,
        "agg_portouts_rolling": rolling(by_day),
        "agg_cohorts_weekly": cohorts(stories, days, terms),
        "agg_foc_slip_monthly": foc_slip_monthly(orders),
        "agg_backlog_age": backlog_by_age(stories, terms),
        "agg_response_latency_monthly": latency_monthly(stories, terms),
        "agg_response_survival": survival([spell for story in stories for spell in story.spells], terms.as_of),
    }


def _of_runs(syncs: list[Row], verifications: Sequence[Row]) -> Marts:
    ran = sorted(syncs, key=lambda sync: instant(sync["as_of"]))
    verified = sorted(verifications, key=lambda row: (row["as_of"], row["finished_at"]), reverse=True)
    return {
        "rpt_sync": [{name: sync.get(name) for name in SYNC_COLUMNS} for sync in ran],
        "rpt_verifications": [{name: row.get(name) for name in VERIFICATION_COLUMNS} for row in verified],
    }
