from __future__ import annotations

from reference_implementation.histories import FAR_AWAY, History
from reference_implementation.single_marts import Known
from reference_implementation.terms import Row, hours_between, instant_or_none


def rows(known: Known) -> list[Row]:
    return [row for history in known.histories for row in comments_on(history)]


def comments_on(history: History) -> list[Row]:
    """List the comments on an order as they came; those without a time come last."""
    announced = [event for event in history.events if event["event_type"] == "portout.new_comment"]
    announced.sort(key=lambda event: (instant_or_none(event["created_at"]) or FAR_AWAY, event["id"]))
    found = []
    for number, event in enumerate(announced, start=1):
        payload, at = event.get("payload") or {}, instant_or_none(event["created_at"])
        found.append(
            {
                "event_id": event["id"],
                "portout_id": history.id,
                "account": history.order.get("account", "default"),
                "comment_id": payload.get("id"),
                "comment_number": number,
                "commented_at": at,
                "hours_since_received": hours_between(history.inserted_at, at),
                "user_id": payload.get("user_id"),
                "comment": payload.get("comment") or None,
            }
        )
    return found
