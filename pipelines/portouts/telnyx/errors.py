"""The errors of the API. A message quotes status, request id and reason; never the key or a query with personal data.

TelnyxError                a request that cannot be sent at all
├── TelnyxUnavailable      no usable answer after all tries: connection, timeout, 408, 425, 429, 5xx, unreadable
├── TelnyxRefused          any other status, at once
│   ├── KeyRejected        401
│   ├── PermissionDenied   403
│   ├── NotFound           404
│   └── Unprocessable      422
└── UnaskedRows            an answer with rows that the request did not ask for
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import httpx
import msgspec

from portouts.errors import PortoutsError
from portouts.telnyx.page import NOT_JSON, is_json

# What reading `errors[]` raises where a body has none.
_NO_ERRORS = (*NOT_JSON, KeyError, TypeError, AttributeError)


class TelnyxError(PortoutsError):
    """The API did not answer what was asked; the message says what and where (`reason`), and what to do (`advice`)."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(f"{reason} {advice}".rstrip())
        self.reason, self.advice = reason, advice


class TelnyxUnavailable(TelnyxError):
    """The API could not be reached or understood in any of the tries."""


class TelnyxRefused(TelnyxError):
    """The API understood the request and refused it; asking again would not help."""

    status: int | None = None
    usual_advice = ""
    is_of_api = True
    """False where a page came in place of the API's errors: a proxy or a firewall may have refused."""


class KeyRejected(TelnyxRefused):
    """The key is unknown, expired or revoked."""

    status = 401
    usual_advice = "Check TELNYX_API_KEY."


class PermissionDenied(TelnyxRefused):
    """The key is known, and may not read this."""

    status = 403
    usual_advice = "The key's user needs the permission to view port-out orders."


class NotFound(TelnyxRefused):
    """There is no such order, event or path."""

    status = 404
    usual_advice = "Check TELNYX_BASE_URL if no order can be found at all."


class Unprocessable(TelnyxRefused):
    """The API does not accept a parameter, such as a page beyond its depth."""

    status = 422


class UnaskedRows(TelnyxError):
    """The API answered rows that were not asked for, so it does not apply a filter that all reading rests on."""


def refusal(
    path: str,
    response: httpx.Response,
    redact: Callable[[str], str],
    *,
    method: str = "GET",
    advice: str | None = None,
) -> TelnyxRefused:
    """Build the error of a status that a further try would not change; `advice` replaces that of its kind."""
    kinds = {kind.status: kind for kind in TelnyxRefused.__subclasses__()}
    kind = kinds.get(response.status_code, TelnyxRefused)
    request_id = response.headers.get("x-request-id")
    where = f"{method} {path}: HTTP {response.status_code}" + (f" (request {request_id})" if request_id else "")
    reason, redirect = redact(_reason(response)), redact(_redirect(response))
    is_of_api = not response.content.strip() or is_json(response.content)
    no_json = "A page came, not JSON: check whether a proxy or a firewall refuses."
    advice = (advice or kind.usual_advice) if is_of_api else no_json
    refused = kind(f"{where}: {reason}. {redirect}".rstrip(), advice)
    refused.is_of_api = is_of_api
    return refused


def describe(error: Exception) -> str:
    """Name the kind of a failed connection and its causes, such as "ConnectError: connection refused"."""
    causes = "; ".join(dict.fromkeys(_causes(error)))
    return f"{type(error).__name__}: {causes}" if causes else type(error).__name__


def _causes(error: BaseException) -> Iterator[str]:
    """Yield causes in the fixed words of the operating system and of OpenSSL: other texts may quote the request."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _causes(one)
    elif isinstance(error, ssl.SSLError):
        is_certificate = isinstance(error, ssl.SSLCertVerificationError)
        yield "certificate not accepted" if is_certificate else f"TLS {error.reason}"
    elif isinstance(error, OSError) and error.errno:
        is_name = isinstance(error, socket.gaierror)
        yield str(error.strerror if is_name else os.strerror(error.errno)).lower()
    elif cause := error.__cause__ or error.__context__:
        yield from _causes(cause)


def error_codes(response: httpx.Response) -> list[str]:
    """List the codes of the API's `errors[]`, in brackets; texts may be personal, and codes are numbers."""
    with suppress(*_NO_ERRORS):
        codes = [str(error["code"]) for error in msgspec.json.decode(response.content)["errors"]]
        return [f"[{code}]" for code in codes if code.isascii() and code.isdigit() and len(code) < 10]
    return []


def _reason(response: httpx.Response) -> str:
    """Quote title and detail of the API's `errors[]`; a body of another kind is named, never quoted."""
    try:
        errors = msgspec.json.decode(response.content)["errors"]
        return "; ".join(_one_error(error) for error in errors) or "no reason given"
    except _NO_ERRORS:
        return "no reason given that could be read"


def _one_error(error: Mapping[str, Any]) -> str:
    code, title, detail = (error.get(key) for key in ("code", "title", "detail"))
    return ": ".join(str(part).rstrip(".") for part in (title, detail) if part) + (f" [{code}]" if code else "")


def _redirect(response: httpx.Response) -> str:
    """Name the target of a redirect, which is not followed, without the parts that may hold a secret."""
    location = response.headers.get("location")
    if not location or not 300 <= response.status_code < 400:
        return ""
    target = httpx.URL(location).copy_with(userinfo=b"", query=None, fragment=None)  # httpx has read it before
    return f"It redirects to {target}. Check TELNYX_BASE_URL."
