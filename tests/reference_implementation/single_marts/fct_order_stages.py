from __future__ import annotations

from datetime import datetime

from reference_implementation.histories import MINUTE, History
from reference_implementation.single_marts import Known
from reference_implementation.single_marts.fct_comments import comments_on
from reference_implementation.terms import Row, calendar_day, hours_between, instant


def rows(known: Known) -> list[Row]:
    return [row_of(history) for history in known.histories]


def row_of(history: History) -> Row:
    answer: Row = next((spell for spell in history.spells if not spell["is_censored"]), {})
    authorized = next((step for step in history.steps if step.status == "authorized"), None)
    is_ported = history.status == "ported"
    confirmed_at = None
    if history.promises and authorized and authorized.measured_by != "unknown":
        confirmed_at = confirmation(history, authorized.began_at)
    answered_at, comments = answer.get("responded_at"), comments_on(history)
    return {
        "portout_id": history.id,
        "account": history.order.get("account", "default"),
        "inserted_at": history.inserted_at,
        "first_answer": answer.get("response"),
        "answered_at": answered_at,
        "is_foc_confirmed": bool(history.promises) and (is_ported or authorized is not None),
        "foc_confirmed_at": confirmed_at,
        "is_ported": is_ported,
        "ported_at": history.ported_at,
        "answer_hours": hours_between(history.inserted_at, answered_at),
        "foc_hours": hours_between(answered_at, confirmed_at),
        "port_hours": hours_between(confirmed_at, history.ported_at),
        "total_hours": hours_between(history.inserted_at, history.ported_at),
        "comment_count": len(comments),
        "first_comment_hours": comments[0]["hours_since_received"] if comments else None,
    }


def confirmation(history: History, authorized_at: datetime | None) -> datetime | None:
    """Date the confirmation: the authorization, unless it is the first event of a day that says which day holds."""
    announced = [
        instant(event["created_at"])
        for event in history.events
        if event["event_type"] == "portout.foc_date_changed" and event["created_at"]
        if calendar_day((event.get("payload") or {}).get("foc_date"), history.time_zone)
    ]
    if not announced or not authorized_at or min(announced) <= authorized_at:
        return authorized_at
    by_event = next(step for step in history.steps if step.status == "authorized").measured_by == "event"
    asked_for = calendar_day(history.order.get("requested_foc_date"), history.time_zone)
    is_confirmed_by_answer = by_event and asked_for and min(announced) > authorized_at + MINUTE
    return authorized_at if is_confirmed_by_answer else min(announced)
