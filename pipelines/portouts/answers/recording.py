"""Writes each attempt into `raw.answers`: before its request is sent, and again once its outcome is known."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from portouts.answers.order import FreshOrder
from portouts.answers.sending import Sent
from portouts.names import DEFAULT_ACCOUNT
from portouts.records.pins import text_without_pins
from portouts.records.privacy import Privacy
from portouts.telnyx.answers import Request
from portouts.warehouse.rows.answers import Attempt, complete_attempt, note_attempt
from portouts.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class Identity:
    """The user and the machine that send an answer."""

    user_name: str
    host_name: str


@dataclass(frozen=True)
class Recorder:
    """Write attempts into the working file, whose lock is held."""

    warehouse: Warehouse
    privacy: Privacy
    identity: Identity
    clock: Callable[[], datetime]
    account: str = DEFAULT_ACCOUNT

    def begin(self, order: FreshOrder, request: Request) -> str:
        """Commit the row of a request that is about to be sent; return its id."""
        reason = self.privacy.mask(text_without_pins(request.reason))
        attempt = Attempt(
            attempt_id=str(uuid.uuid4()),
            sent_at=self.clock(),
            user_name=self.identity.user_name,
            host_name=self.identity.host_name,
            portout_id=order.portout_id,
            support_key=order.support_key,
            answer=request.target,
            rejection_code=request.rejection_code,
            reason=reason if isinstance(reason, str) else None,
            status_before=order.status,
            account=self.account,
        )
        with self.warehouse.connected() as connection:
            note_attempt(connection, attempt)
        return attempt.attempt_id

    def complete(self, attempt_id: str, sent: Sent) -> None:
        """Write the outcome of the attempt."""
        with self.warehouse.connected() as connection:
            complete_attempt(connection, attempt_id, sent.outcome, sent.status_after, sent.detail, self.clock())
