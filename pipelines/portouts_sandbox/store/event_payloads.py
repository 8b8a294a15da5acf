"""The event that announces a step of an order, as `/portouts/events` shows it.

One surprise: `payload.id` names the order, but for a comment it names the comment.
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from portouts_sandbox.story.lifecycle import Notice, Step
from portouts_sandbox.story.order_fields import Fields
from portouts_sandbox.story.timestamps import write_microseconds

METHODS: tuple[list[str], ...] = (["email", "webhook"], ["email"], ["webhook"], [])


def event_fields(step: Step, notice: Notice, order: Fields) -> Fields:
    """Return the event without its payload, as it is shown until the payload has been made."""
    created_at = write_microseconds(step.at + notice.delay)
    digit = int(notice.id[0], 16)
    return {
        "id": notice.id,
        "event_type": step.event_type,
        "portout_id": order["id"],
        "available_notification_methods": METHODS[max(0, digit - 12)],
        "payload_status": "created",
        "payload": None,
        "record_type": "portout_event",
        "created_at": created_at,
        "updated_at": created_at,
    }


def completed(event: Fields, payload: Fields, step: Step, notice: Notice) -> Fields:
    """Return the event with its payload; like the documents' sample, a few stay `created`."""
    if notice.without_payload_for:
        completed_at = write_microseconds(step.at + notice.delay + notice.without_payload_for)
        return {**event, "payload": payload, "payload_status": "completed", "updated_at": completed_at}
    return {**event, "payload": payload, "payload_status": "created" if notice.id[1] == "0" else "completed"}


def payload_of(step: Step, notice: Notice, order: Fields) -> Fields:
    """Return the payload: what the announced step made of the order."""
    if step.comment is not None:
        return {
            "id": str(uuid5(NAMESPACE_URL, notice.id)),
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
        "attempted_pin": notice.attempted_pin,
    }
