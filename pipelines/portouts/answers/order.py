"""One order as the API shows it now, with its events, its comments and the rejection codes that the API allows for it.

Texts and phone numbers are masked according to `pii`, and contain no PIN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portouts.names import DEFAULT_ACCOUNT

PENDING = "pending"


@dataclass(frozen=True)
class OrderEvent:
    """One event of an order; only the fields of its own type are set."""

    event_id: str
    event_type: str | None
    created_at: datetime | None
    status: str | None = None
    rejection_reason: str | None = None
    comment_id: str | None = None
    comment: str | None = None
    foc_on: date | None = None


@dataclass(frozen=True)
class OrderComment:
    """One comment on an order; comments by Telnyx have no user."""

    comment_id: str | None
    created_at: datetime | None
    user_id: str | None
    body: str | None


@dataclass(frozen=True)
class RejectionCode:
    """A code with which this order may be rejected."""

    code: int
    description: str | None
    reason_required: bool
    """Also True if the API does not say."""


@dataclass(frozen=True)
class FreshOrder:
    """An order as it is now."""

    portout_id: str
    support_key: str | None
    status: str | None
    carrier_name: str | None
    spid: str | None
    pon: str | None
    phone_numbers: tuple[str | None, ...] | None
    """None if `pii` hides them."""
    number_count: int
    requested_foc_on: date | None
    foc_on: date | None
    inserted_at: datetime | None
    updated_at: datetime | None
    reason: str | None
    rejection_code: int | None
    pending_at: datetime | None
    """When the current pending spell began; None if the order is not pending, or if this is unknown."""
    deadline_at: datetime | None
    """When Telnyx authorises an unanswered order; None if `pending_at` is None."""
    is_deadline_exact: bool
    """False if it is unknown when the order became pending again; the deadline may then be later."""
    events: Sequence[OrderEvent]
    comments: Sequence[OrderComment]
    rejection_codes: Sequence[RejectionCode] | None
    """None if the API did not say."""
    notes: Sequence[str] = ()
    """What could not be read, and why."""
    account: str = DEFAULT_ACCOUNT

    @property
    def is_pending(self) -> bool:
        return self.status == PENDING

    def hours_left(self, now: datetime) -> float | None:
        """Return the hours until the deadline, negative if it has passed."""
        return hours_until(self.deadline_at, now)


def hours_until(deadline_at: datetime | None, now: datetime) -> float | None:
    """Return the hours from `now` to a deadline, negative if it has passed; None without a deadline."""
    return None if deadline_at is None else (deadline_at - now) / timedelta(hours=1)
