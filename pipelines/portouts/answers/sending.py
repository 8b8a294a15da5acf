"""Sends one answer, and finds out what came of it.

Only where the API's answer is missing or cannot be read is the order looked at again, a few times within seconds,
since the API may still be working on the request. An order that is still pending then is not answered, as of that
moment: a request that hangs somewhere may be accepted later, and no API call can show that it never will.
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

# Seconds to wait before each look at the order.
LOOKS = (0.0, 2.0, 4.0)
FIND_OUT = "Look at it with `portouts show {portout_id}` before you answer it again."


@dataclass(frozen=True)
class Sent:
    """What came of one attempt; `detail` is what may be kept, `message` is for whoever answered."""

    outcome: Outcome
    status_after: str | None
    detail: str
    message: str
    is_reached: bool = True
    """False: the API could not be reached, so that another request would fail, too."""


@dataclass(frozen=True)
class Sender:
    """Send answers through one client, and look at orders through others."""

    client: AnswerClient
    open_reader: Callable[[], TelnyxClient]
    sleep: Callable[[float], None] = time.sleep

    def send(self, request: Request) -> Sent:
        """Send one answer once. Whatever happens to it, this returns an outcome, in which no PIN stands."""
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
            message = f"{reply.message} Whether it counts is unknown: {error} {_advice(request)}"
            return Sent(Outcome.UNKNOWN, None, reply.detail, message, is_reached=False)
        return _judged(request, reply, status)

    def _status(self, request: Request) -> str | None:
        """Read the order's status, with the retries of every reading."""
        client = self.open_reader()
        order = converse(client, lambda: client.fetch_one(f"/portouts/{quote(request.portout_id, safe='')}"))
        status = order.get("status")
        return status if isinstance(status, str) else None


def _judged(request: Request, reply: Reply, status: str | None) -> Sent:
    if status == request.target:
        return Sent(Outcome.ANSWERED, status, f"{reply.detail}; read again: {status}", "")
    if status == PENDING:
        message = (
            f"{reply.message} Read again, the order is still pending. The request may yet be accepted if it hangs "
            f"somewhere. {_advice(request)}"
        )
        return Sent(Outcome.NOT_ANSWERED, status, f"{reply.detail}; read again: still pending", message)
    message = f"{reply.message} Read again, the order is {status or 'of no status'}. {_advice(request)}"
    return Sent(Outcome.UNKNOWN, status, f"{reply.detail}; read again: another status", message)


def _advice(request: Request) -> str:
    return FIND_OUT.format(portout_id=request.portout_id)
