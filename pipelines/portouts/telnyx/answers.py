"""Answers an order: sends one PATCH to Telnyx, and never repeats it.

This client is separate from the client that reads, so no other code can change an order. Each request uses a new
connection: a request on a reused connection can fail without showing whether it reached the API.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

import httpx
from anyio.from_thread import start_blocking_portal

from portouts.telnyx.bodies import UnreadableBody
from portouts.telnyx.errors import describe, error_codes, refusal
from portouts.telnyx.limits.rate_limit import RateLimit
from portouts.telnyx.network import BearerAuth, open_http
from portouts.telnyx.page import JsonObject, parse_object

# Seconds until an answer counts as missing.
LONGEST_WAIT = 30.0
# After one of these errors, the request was never sent.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)
_MAY_CHANGE = "The key's user needs the permission to change port-out orders."


class Target(StrEnum):
    """The statuses that a customer can ask for."""

    AUTHORIZED = "authorized"
    REJECTED = "rejected-pending"


@dataclass(frozen=True)
class Request:
    """The content of one PATCH. The API's description requires a reason for both statuses."""

    portout_id: str
    target: Target
    reason: str
    rejection_code: int | None = None

    @property
    def path(self) -> str:
        return f"/portouts/{quote(self.portout_id, safe='')}/{self.target}"

    @property
    def body(self) -> JsonObject:
        code = {} if self.rejection_code is None else {"rejection_code": self.rejection_code}
        return {"reason": self.reason, **code}


class Kind(StrEnum):
    """What is known after a request. Only after `IN_DOUBT` must the order be read again."""

    DONE = "done"
    REFUSED = "refused"
    NOT_SENT = "not sent"
    IN_DOUBT = "in doubt"


@dataclass(frozen=True)
class Reply:
    """The result of one request. `detail` may be stored, `message` also contains the API's own words."""

    kind: Kind
    detail: str
    message: str


class AnswerClient:
    """Sends answers one by one, and waits `seconds` for the API's reply to each."""

    def __init__(
        self,
        api_key: str,
        base_url: str,
        *,
        rate_limit: RateLimit | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        seconds: float = LONGEST_WAIT,
    ) -> None:
        self.requests = 0
        self._auth = BearerAuth(api_key)
        self._base_url = base_url
        self._rate_limit = rate_limit or RateLimit()
        self._transport = transport
        self._seconds = seconds

    def send(self, request: Request) -> Reply:
        """Send one request once; it is never repeated, and a redirect is never followed."""
        with start_blocking_portal() as portal:
            return portal.call(self._send, request)

    async def _send(self, request: Request) -> Reply:
        try:
            response = await self._patch(request)
        except _NOT_SENT as error:
            return _reply(Kind.NOT_SENT, request, f"nothing was sent ({describe(error)})")
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            what = f"no answer within {self._seconds:g} seconds" if isinstance(error, TimeoutError) else describe(error)
            return _reply(Kind.IN_DOUBT, request, what)
        return self._read(request, response)

    async def _patch(self, request: Request) -> httpx.Response:
        async with open_http(self._base_url, self._auth, 1, self._transport) as http, self._rate_limit.slot():
            self.requests += 1
            async with asyncio.timeout(self._seconds):
                response = await http.patch(request.path.lstrip("/"), json=request.body, follow_redirects=False)
            self._rate_limit.learn(response.headers, limited=response.status_code == 429)
        return response

    def _read(self, request: Request, response: httpx.Response) -> Reply:
        status = f"HTTP {response.status_code}"
        if response.is_success:
            return self._read_order(request, response, status)
        if response.status_code == 408 or response.status_code >= 500:
            return _reply(Kind.IN_DOUBT, request, status)
        advice = _MAY_CHANGE if response.status_code == 403 else None
        refused = refusal(request.path, response, self._auth.redact, method="PATCH", advice=advice)
        return Reply(Kind.REFUSED, " ".join([status, *error_codes(response)]), str(refused))

    def _read_order(self, request: Request, response: httpx.Response, status: str) -> Reply:
        """Check that the reply shows the same order in its new status."""
        try:
            order = parse_object(response.content, response.charset_encoding)
        except UnreadableBody as error:
            return _reply(Kind.IN_DOUBT, request, f"{status}, {error}")
        if str(order.get("id")).lower() != request.portout_id.lower() or order.get("status") != request.target:
            return _reply(Kind.IN_DOUBT, request, f"{status}, an order that is not {request.target} or is another one")
        return _reply(Kind.DONE, request, status)


def _reply(kind: Kind, request: Request, what: str) -> Reply:
    return Reply(kind, what, f"PATCH {request.path}: {what}.")
