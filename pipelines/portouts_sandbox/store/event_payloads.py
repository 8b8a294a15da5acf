"""The event of a step, as `/portouts/events` shows it.

The surprise: `payload.id` is the id of the order, but in a comment's event it is the id of the comment.
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from portouts_sandbox.story.lifecycle import PlannedEvent, Step
from portouts_sandbox.story.order_fields import Fields
from portouts_sandbox.story.timestamps import write_microseconds, write_milliseconds

NOTIFICATION_METHODS: tuple[list[str], ...] = (["email", "webhook"], ["email"], ["webhook"], [])


def event_without_payload(step: Step, planned: PlannedEvent, order: Fields) -> Fields:
    """Return the event as it is shown before its payload exists."""
    created_at = write_microseconds(step.at + planned.delay)
    digit = int(planned.id[0], 16)
    return {
        "id": planned.id,
        "event_type": step.event_type,
        "portout_id": order["id"],
        "available_notification_methods": NOTIFICATION_METHODS[max(0, digit - 12)],
        "payload_status": "created",
        "payload": None,
        "record_type": "portout_event",
        "created_at": created_at,
        "updated_at": created_at,
    }


def with_payload(event: Fields, payload: Fields, step: Step, planned: PlannedEvent) -> Fields:
    """Return the event with its payload; as in the documented sample, the status of a few stays `created`."""
    if planned.without_payload_for:
        completed_at = write_microseconds(step.at + planned.delay + planned.without_payload_for)
        return {**event, "payload": payload, "payload_status": "completed", "updated_at": completed_at}
    return {**event, "payload": payload, "payload_status": "created" if planned.id[1] == "0" else "completed"}


def comment_id_of(step: Step, planned: PlannedEvent | None, order: Fields) -> str:
    """Return the id of a comment, which its event shows, too."""
    return str(uuid5(NAMESPACE_URL, planned.id if planned else f"{order['id']} {step.at.isoformat()}"))


def comment_of(step: Step, order: Fields) -> Fields:
    """Return the comment of a step as `/portouts/{id}/comments` shows it; about half are by Telnyx, so by no user."""
    comment_id = comment_id_of(step, step.event, order)
    return {
        "id": comment_id,
        "record_type": "portout",
        "body": step.comment,
        "portout_id": order["id"],
        "user_id": order["user_id"] if comment_id[0] in "01234567" else None,
        "created_at": write_milliseconds(step.at),
    }


def payload_of(step: Step, planned: PlannedEvent, order: Fields) -> Fields:
    """Return the payload: the comment, or the order as it is after the step."""
    if step.comment is not None:
        return {
            "id": comment_id_of(step, planned, order),
            "portout_id": order["id"],
            "user_id": order["user_id"],
            "comment": step.comment,
        }
    if step.event_type == "portout.foc_date_changed":
        return {"id": order["id"], "user_id": order["user_id"], "foc_date": order["foc_date"]}
    return {
        "id": order["id"],
        "status": order["status"],
        "phone_numbers": order["phone_numbers"],
        "carrier_name": order["carrier_name"],
        "spid": order["spid"],
        "user_id": order["user_id"],
        "subscriber_name": order["end_user_name"],
        "rejection_reason": order["reason"],
        "attempted_pin": planned.attempted_pin,
    }
