"""Sends one answer and determines its outcome.

If the API's reply is missing or cannot be read, the order is read again a few times within seconds, because the API may
still be working on the request. If the order is still pending then, the outcome is "not answered". The API may still
accept a delayed request later, and no API call can rule that out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote

from portouts.answers.order import PENDING
from portouts.errors import PortoutsError
from portouts.records.pins import text_without_pins
from portouts.telnyx.answers import AnswerClient, Kind, Reply, Request
from portouts.telnyx.client import TelnyxClient, converse
from portouts.warehouse.rows.answers import Outcome

# Seconds to wait before each reading of the order.
LOOKS = (0.0, 2.0, 4.0)
FIND_OUT = "Check it with `portouts show {portout_id}` before you answer it again."


@dataclass(frozen=True)
class Sent:
    """The outcome of one attempt. `detail` may be stored, `message` is for the person who answered."""

    outcome: Outcome
    status_after: str | None
    detail: str
    message: str
    is_reached: bool = True
    """False if the API could not be reached, so another request would fail, too."""


@dataclass(frozen=True)
class Sender:
    """Sends answers through one client, and reads orders through other clients."""

    client: AnswerClient
    open_reader: Callable[[], TelnyxClient]
    sleep: Callable[[float], None] = time.sleep

    def send(self, request: Request) -> Sent:
        """Send one answer once, and return an outcome in every case. The outcome contains no PIN."""
        reply = self.client.send(request)
        reply = replace(reply, detail=text_without_pins(reply.detail), message=text_without_pins(reply.message))
        if reply.kind is Kind.DONE:
            return Sent(Outcome.ANSWERED, request.target, reply.detail, "")
        if reply.kind is Kind.NOT_SENT:
            return Sent(Outcome.NOT_ANSWERED, None, reply.detail, reply.message, is_reached=False)
        if reply.kind is Kind.REFUSED:
            return self._refused(request, reply)
        return self._look_again(request, reply)

    def _refused(self, request: Request, reply: Reply) -> Sent:
        try:
            status = self._status(request)
        except PortoutsError:
            return Sent(Outcome.REFUSED, None, reply.detail, reply.message)
        return Sent(Outcome.REFUSED, status, reply.detail, f"{reply.message} The order is {status or 'of no status'}.")

    def _look_again(self, request: Request, reply: Reply) -> Sent:
        status: str | None = PENDING
        try:
            for seconds in LOOKS:
                if status == PENDING:
                    self.sleep(seconds)
                    status = self._status(request)
        except PortoutsError as error:
            message = f"{reply.message} It is unknown whether it was accepted: {error} {_advice(request)}"
            return Sent(Outcome.UNKNOWN, None, reply.detail, message, is_reached=False)
        return _judged(request, reply, status)

    def _status(self, request: Request) -> str | None:
        """Read the order's status, with the usual retries."""
        client = self.open_reader()
        order = converse(client, lambda: client.fetch_one(f"/portouts/{quote(request.portout_id, safe='')}"))
        status = order.get("status")
        return status if isinstance(status, str) else None


def _judged(request: Request, reply: Reply, status: str | None) -> Sent:
    if status == request.target:
        return Sent(Outcome.ANSWERED, status, f"{reply.detail}; read again: {status}", "")
    if status == PENDING:
        message = (
            f"{reply.message} The order was read again and is still pending. Telnyx may still accept a delayed "
            f"request later. {_advice(request)}"
        )
        return Sent(Outcome.NOT_ANSWERED, status, f"{reply.detail}; read again: still pending", message)
    message = f"{reply.message} The order was read again; its status is {status or 'missing'}. {_advice(request)}"
    return Sent(Outcome.UNKNOWN, status, f"{reply.detail}; read again: another status", message)


def _advice(request: Request) -> str:
    return FIND_OUT.format(portout_id=request.portout_id)
