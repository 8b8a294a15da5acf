"""The marts once more, in plain Python lists and loops, from what the API sends.

Written from the meanings, not from the SQL: it walks through each order's history, where the SQL sorts and joins sets.
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
from reference_implementation.histories import History, reconstruct
from reference_implementation.orders import (
    backlog_by_age,
    open_orders,
    portout,
    repeat_attempts,
    status_changes,
)
from reference_implementation.rejections import rejections, rejections_by_code
from reference_implementation.responses import latency_monthly, survival
from reference_implementation.single_marts import Known, compute
from reference_implementation.terms import Row, Terms, by_order, instant
from reference_implementation.volumes import (
    areas,
    cells,
    cohorts,
    daily,
    describe_day,
    foc_slip_monthly,
    list_days,
    rolling,
)

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
    "build",
    "build_reason",
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
ANSWER_COLUMNS = (
    "attempt_id",
    "sent_at",
    "finished_at",
    "user_name",
    "host_name",
    "portout_id",
    "support_key",
    "answer",
    "rejection_code",
    "reason",
    "status_before",
    "status_after",
    "outcome",
    "detail",
)

# Marts whose rows belong to one order, and so to one account.
OF_ORDERS = (
    "fct_status_changes",
    "fct_portouts",
    "fct_portout_numbers",
    "fct_responses",
    "fct_rejections",
    "rpt_open_orders",
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
    answers: Sequence[Row] = (),
    parents: Mapping[str, str] | None = None,
    readings: Sequence[Row] = (),
    customer_values: Mapping[str, float] | None = None,
    labels: Mapping[str, str] | None = None,
    dispute_window_hours: int = 168,
) -> Marts:
    """Compute every mart; an order with `deleted_at` is in none of them."""
    closed_on = holidays_by_country() if holidays is None else holidays
    terms = Terms(as_of, response_window_hours, time_zone, business_time_zone, closed_on, dispute_window_hours)
    looked_at = [instant(sync["as_of"]) for sync in syncs]
    events_of, seen, ranges_of = by_order(events), by_order(observations), by_order(ported_ranges)
    histories = [
        reconstruct(order, events_of[order["id"]], seen[order["id"]], ranges_of[order["id"]], looked_at, terms)
        for order in orders
        if not order.get("deleted_at")
    ]
    settle_carriers(histories)
    marts = _of_orders(histories, terms, parents or {})
    _add_accounts(histories, marts)
    marts |= _of_time(histories, marts["fct_portouts"], terms) | _of_runs(syncs, verifications)
    marts["rpt_answers"] = _answers(answers, marts["fct_portouts"])
    compute(Known(histories, terms, marts, readings, customer_values or {}, labels or {}))
    return marts


def _of_orders(histories: list[History], terms: Terms, parents: Mapping[str, str]) -> Marts:
    carriers = name_carriers(histories, parents)
    rejected = [row for history in histories for row in rejections(history)]
    return {
        "dim_carrier_spellings": carrier_spellings(histories),
        "dim_carriers": list(carriers.values()),
        "fct_status_changes": [row for history in histories for row in status_changes(history)],
        "fct_portouts": [portout(history, carriers, terms) for history in histories],
        "fct_portout_numbers": [row for history in histories for row in history.numbers],
        "fct_responses": [spell for history in histories for spell in history.spells],
        "fct_rejections": rejected,
        "agg_rejections": rejections_by_code(rejected, histories),
        "agg_repeat_attempts": repeat_attempts(histories),
        "agg_portouts": cells(histories, terms),
        "agg_portouts_by_area": areas(histories),
        "agg_carriers_gained": carriers_gained(histories, carriers),
        "agg_carriers_gained_monthly": carriers_monthly(histories, carriers, terms),
        "rpt_open_orders": open_orders(histories, carriers, terms),
    }


def _of_time(histories: list[History], orders: list[Row], terms: Terms) -> Marts:
    days = list_days(histories, terms)
    by_day = daily(histories, days, terms)
    return {
        "dim_days": [describe_day(day, terms) for day in days],
        "agg_portouts_daily": by_day,
        "agg_portouts_rolling": rolling(by_day),
        "agg_cohorts_weekly": cohorts(histories, days, terms),
        "agg_foc_slip_monthly": foc_slip_monthly(orders),
        "agg_backlog_age": backlog_by_age(histories, terms),
        "agg_response_latency_monthly": latency_monthly(histories, terms),
        "agg_response_survival": survival([spell for history in histories for spell in history.spells], terms.as_of),
    }


def _of_runs(syncs: list[Row], verifications: Sequence[Row]) -> Marts:
    ran = sorted(syncs, key=lambda sync: instant(sync["as_of"]))
    verified = sorted(verifications, key=lambda row: (row["as_of"], row["finished_at"]), reverse=True)
    return {
        "rpt_sync": [{name: sync.get(name) for name in SYNC_COLUMNS} | _account_of(sync) for sync in ran],
        "rpt_verifications": [
            {name: row.get(name) for name in VERIFICATION_COLUMNS} | _account_of(row) for row in verified
        ],
    }


def _answers(answers: Sequence[Row], orders: list[Row]) -> list[Row]:
    status_of = {order["portout_id"]: order["status"] for order in orders}
    return [
        {name: attempt.get(name) for name in ANSWER_COLUMNS}
        | {"status": status_of.get(attempt["portout_id"])}
        | _account_of(attempt)
        for attempt in answers
    ]


def _account_of(row: Row) -> Row:
    return {"account": row.get("account", "default")}


def _add_accounts(histories: list[History], marts: Marts) -> None:
    """Add to the rows of orders the account that holds the order."""
    accounts = {history.id: history.order.get("account", "default") for history in histories}
    for name in OF_ORDERS:
        for row in marts[name]:
            row["account"] = accounts[row["portout_id"]]
