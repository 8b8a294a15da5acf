"""Rows of single orders: the order itself, its statuses; and who asked for a number repeatedly."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from reference_implementation.business_time import closed_in, office_hours
from reference_implementation.carriers import LONG_AGO, given
from reference_implementation.terms import (
    Row,
    Terms,
    calendar_day,
    days_between,
    hours_between,
    instant_or_none,
    local_day,
    words,
)

if TYPE_CHECKING:
    from reference_implementation.histories import History

FINAL = {"ported", "rejected", "canceled"}
GRACE = timedelta(days=10)


def portout(history: History, carriers: dict[str, Row], terms: Terms) -> Row:
    order, first = history.order, history.spells[0]
    received_on, ported_on = terms.day_of(history.inserted_at), terms.day_of(history.ported_at)
    foc_on = calendar_day(order.get("foc_date"), history.time_zone)
    first_foc_on = next(iter(history.promises), None)
    left_on = local_day(history.ported_at, history.time_zone)
    answered = terms.local(first["responded_at"]) if first["responded_at"] else None
    return {
        "portout_id": history.id,
        "status": history.status,
        "is_open": history.status not in FINAL,
        "carrier_id": history.carrier_id,
        "carrier_name": carriers[history.carrier_id]["carrier_name"],
        "spid": given(order, "spid"),
        "country_code": history.numbers[0]["country_code"] if history.numbers else None,
        "number_count": len(history.numbers),
        "inserted_at": history.inserted_at,
        "received_on": received_on,
        "received_weekday": received_on.isoweekday() if received_on else None,
        "received_hour": terms.local(history.inserted_at).hour if history.inserted_at else None,
        "updated_at": instant_or_none(order.get("updated_at")),
        "requested_foc_on": calendar_day(order.get("requested_foc_date"), history.time_zone),
        "foc_on": foc_on,
        "first_foc_on": first_foc_on,
        "foc_change_count": sum(day != before for before, day in pairwise(history.promises)),
        "foc_grace_until_on": foc_on + GRACE if foc_on else None,
        "is_past_grace": left_on > foc_on + GRACE if foc_on and left_on else None,
        "foc_lead_days": days_between(local_day(history.inserted_at, history.time_zone), foc_on),
        "foc_slip_days": days_between(foc_on, left_on),
        "first_foc_slip_days": days_between(first_foc_on, left_on),
        "status_began_at": history.steps[-1].began_at,
        "ported_at": history.ported_at,
        "ported_on": ported_on,
        "ported_at_source": history.ported_at_source,
        "response": first["response"],
        "responded_at": first["responded_at"],
        "responded_weekday": answered.isoweekday() if answered else None,
        "responded_hour": answered.hour if answered else None,
        "response_hours": first["response_hours"],
        "rejection_code": order.get("rejection_code"),
        "rejection_reason": order.get("reason"),
        "support_key": order.get("support_key"),
        "pon": order.get("pon"),
        **{name: words(order.get(name)) for name in ("end_user_name", "city", "state", "zip")},
        "current_carrier": order.get("current_carrier"),
        "vendor": order.get("vendor"),
        "is_already_ported": order.get("already_ported"),
    }


def status_changes(history: History) -> list[Row]:
    return [
        {
            "portout_id": history.id,
            "change_number": number,
            "previous_status": previous.status if previous else None,
            "status": step.status,
            "began_at": step.began_at,
            "ended_at": following.began_at if following else None,
            "next_status": following.status if following else None,
            "measured_by": step.measured_by,
            "next_measured_by": following.measured_by if following else None,
        }
        for number, (previous, step, following) in enumerate(history.walk(), start=1)
    ]


def repeat_attempts(histories: list[History]) -> list[Row]:
    asked: defaultdict[str, dict[str, History]] = defaultdict(dict)
    for history in histories:
        for number in history.numbers:
            if number["phone_number"] is not None:
                asked[number["phone_number"]][history.id] = history
    rows = []
    for phone_number, orders in asked.items():
        if len(orders) < 2:
            continue
        attempts = sorted(orders.values(), key=lambda history: (history.inserted_at or LONG_AGO, history.id))
        times = [history.inserted_at for history in attempts if history.inserted_at]
        rows.append(
            {
                "phone_number": phone_number,
                "attempts": len(attempts),
                "times_ported": sum(history.status == "ported" for history in attempts),
                "carriers": len({history.carrier_id for history in attempts}),
                "first_received_at": times[0] if times else None,
                "last_received_at": times[-1] if times else None,
                "last_portout_id": attempts[-1].id,
                "last_status": attempts[-1].status,
            }
        )
    return rows


def open_orders(histories: list[History], carriers: dict[str, Row], terms: Terms) -> list[Row]:
    rows = []
    limits = ((0, "overdue"), (4, "critical"), (24, "soon"), (float("inf"), "ample"))
    for history in histories:
        if history.status != "pending":
            continue
        deadline = history.spells[-1]["deadline_at"]
        left = hours_between(terms.as_of, deadline)
        rows.append(
            {
                "portout_id": history.id,
                "support_key": history.order.get("support_key"),
                "pon": history.order.get("pon"),
                "end_user_name": words(history.order.get("end_user_name")),
                "carrier_id": history.carrier_id,
                "carrier_name": carriers[history.carrier_id]["carrier_name"],
                "number_count": len(history.numbers),
                "inserted_at": history.inserted_at,
                "deadline_at": deadline,
                "hours_left": left,
                "business_hours_left": business_left(history, deadline, terms),
                "urgency": next(name for limit, name in limits if left < limit) if left is not None else None,
            }
        )
    return rows


def business_left(history: History, deadline: datetime | None, terms: Terms) -> float | None:
    country = history.numbers[0]["country_code"] if history.numbers else None
    closed = closed_in(country or terms.business_country, terms.holidays)
    return office_hours(terms.as_of, deadline, history.time_zone, closed) if deadline else None


def backlog_by_age(histories: list[History], terms: Terms) -> list[Row]:
    buckets: list[list[History]] = [[], [], []]
    for history in histories:
        spell = history.spells[-1]
        age = hours_between(spell["pending_at"], terms.as_of)
        if history.status == "pending" and spell["measured_by"] != "unknown" and age is not None:
            buckets[0 if age < 24 else 1 if age <= 48 else 2].append(history)
    return [
        {
            "bucket_number": number,
            "age_bucket": name,
            "orders": len(waiting),
            "numbers": sum(len(history.numbers) for history in waiting),
            "oldest_pending_at": min((history.spells[-1]["pending_at"] for history in waiting), default=None),
        }
        for number, (name, waiting) in enumerate(zip(("0-24 h", "24-48 h", "over 48 h"), buckets, strict=True), start=1)
    ]
