"""HTTP to Telnyx: one GET in, one parsed envelope out, or an exception that says what happened.

Success is `{"data": ..., "meta": {...}}`; lists carry `meta`, single objects do not. An answer counts only when it
parses and `data` has the kind that was asked for: an HTML page, cut-off JSON or `data: null` behind a 200 is a
failure, never zero rows. Only GET is offered, so no load can change an order.

    TelnyxError                what cannot even be sent, at once
    ├── TelnyxUnavailable      tried again and again, and gave up: connection, timeout, 408, 425, 429, 5xx, unreadable
    └── TelnyxRefused          any other status, at once
        ├── KeyRejected        401
        ├── PermissionDenied   403
        ├── NotFound           404
        └── Unprocessable      422
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, get_origin

import httpx
import msgspec
from anyio.from_thread import start_blocking_portal
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential, wait_random

from portouts.api_clock import ApiClock
from portouts.bodies import NoValue, UnreadableBody, mend, read_json
from portouts.errors import PortoutsError
from portouts.pace import Pace
from portouts.patience import Effort, Patience, in_words

DEFAULT_BASE_URL = "https://api.telnyx.com/v2"
DEFAULT_CONCURRENCY = 12
ATTEMPTS = 8
# A proxy may send a page in place of an answer for a moment; whoever has sent nothing else is hardly the API.
STRANGER_ATTEMPTS = 5
# Where nothing has ever answered, an address that refuses is the wrong one, and one that is silent probably is.
UNREACHED_ATTEMPTS: Mapping[type[Exception], int] = {
    httpx.ConnectError: 1,
    httpx.ConnectTimeout: 2,
    httpx.ProxyError: 2,
}
RETRIED_STATUSES = frozenset({408, 425, 429})
LATER = "Run the sync again later."
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
# Seconds. httpx limits each wait, not their sum: an answer that comes byte by byte would never end.
LONGEST_TRY = 120.0

Envelope = dict[str, Any]
JsonObject = dict[str, Any]
_AUTHORITY = re.compile(r"[0-9a-f]{8}\.\d+")  # the hash of a subject, by which OpenSSL looks an authority up
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_ZEROS = frozenset({"0", "0.0"})
T = TypeVar("T")


class TelnyxError(PortoutsError):
    """The API did not give what was asked for; the message says what, where and what to do."""


class TelnyxUnavailable(TelnyxError):
    """The API could not be reached or understood, however often it was asked."""


class TelnyxRefused(TelnyxError):
    """The API understood and said no; asking again would not help."""

    status: int | None = None
    advice = ""
    is_of_api = True
    """False where a page came in place of the API's errors: a proxy or a firewall may have refused."""


class KeyRejected(TelnyxRefused):
    """The key is unknown, expired or revoked."""

    status = 401
    advice = "Check TELNYX_API_KEY."


class PermissionDenied(TelnyxRefused):
    """The key is known, and may not read this."""

    status = 403
    advice = "The key's user needs the permission to view port-out orders."


class NotFound(TelnyxRefused):
    """There is no such order, event or path."""

    status = 404
    advice = "Check TELNYX_BASE_URL if no order can be found at all."


class Unprocessable(TelnyxRefused):
    """A parameter is not to the API's liking, such as a page beyond its depth."""

    status = 422


class _Transient(Exception):
    """One failed try; `wait` is what the API asked for in this header, in seconds."""

    def __init__(
        self,
        message: str,
        wait: float | None = None,
        *,
        advice: str = LATER,
        attempts: int = ATTEMPTS,
        header: str = "",
    ) -> None:
        super().__init__(message)
        self.reason = f"{message}: Telnyx asks to wait {in_words(wait)} ({header})" if wait else message
        self.wait = wait
        self.advice = advice
        self.attempts = attempts


class _Unreadable(_Transient):
    """A 2xx answer that is not what was asked for; one that comes whole and the same again will not change."""

    def __init__(self, message: str, body: bytes, *, is_whole: bool) -> None:
        super().__init__(message)
        self.body = body
        self.is_whole = is_whole


class BearerAuth(httpx.Auth):
    """Put the key on the request; nothing else in the package holds it, and it never prints."""

    def __init__(self, api_key: str) -> None:
        self._key = api_key.strip()  # files and shells like to append a newline
        self._header = f"Bearer {self._key}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header
        yield request

    def redact(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text


class TelnyxClient:
    """Ask the API politely: bounded concurrency, its own pace, finite patience. Counts its requests."""

    def __init__(
        self,
        api_key: str,
        base_url: str = DEFAULT_BASE_URL,
        *,
        max_concurrency: int = DEFAULT_CONCURRENCY,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.requests = 0
        self._is_understood = False
        self._auth = BearerAuth(api_key)
        self._sleep, self._now = sleep, clock
        self.api_clock = ApiClock()
        self.pace = Pace(clock, sleep)
        self.patience = patience or Patience()
        self._slots = asyncio.Semaphore(max_concurrency)
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/") + "/",
            auth=self._auth,
            headers={"Accept": "application/json"},
            timeout=TIMEOUT,
            transport=transport,
            trust_env=not _is_loopback(httpx.URL(base_url).host),  # a proxy would be handed the key in clear text
            verify=_certificates() if base_url.startswith("https") else _nobody(),
            limits=httpx.Limits(max_connections=max_concurrency, max_keepalive_connections=max_concurrency),
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def fetch_list(
        self, path: str, params: Mapping[str, str], row_type: type[msgspec.Struct] | None = None
    ) -> Envelope:
        """Fetch one page; `data` is a list of `row_type` if every row of the page is one, else of dicts.

        Of a page that is not quite JSON, `data` is a list of whatever stands there, and `mended` says what was wrong.
        """
        rows: list[Any] = [list[row_type]] if row_type else []  # type: ignore[valid-type]  # a type made at run time
        return await self._fetch(path, params, *rows, list[JsonObject])

    async def fetch_one(self, path: str) -> Envelope:
        """Fetch one object; `data` is an object."""
        return await self._fetch(path, {}, JsonObject)

    @property
    def patience(self) -> Patience:
        return self._patience

    @patience.setter
    def patience(self, patience: Patience) -> None:
        self._patience = patience
        self.pace.longest_wait = patience.request_seconds

    def waits_for(self) -> str:
        """Say why no answer comes, as far as that is known."""
        if self.patience.reason:
            return self.patience.reason
        return "Telnyx's rate limit is used up" if self.pace.seconds_held() > 1 else f"no answer yet from {self._host}"

    async def _fetch(self, path: str, params: Mapping[str, str], *types: Any) -> Envelope:
        try:
            async with asyncio.timeout(self.patience.seconds_left()):
                if not self.patience.can_wait(0):
                    raise TimeoutError
                return await self._fetch_within(Effort(self.patience.request_seconds), path, params, *types)
        except TimeoutError:
            raise TelnyxUnavailable(
                f"GET {path}: the sync has taken {in_words(self.patience.sync_seconds or 0)}, which is all that "
                "sync_deadline_minutes allows. What was loaded is kept; run the sync again to go on."
            ) from None

    async def _fetch_within(self, effort: Effort, path: str, params: Mapping[str, str], *types: Any) -> Envelope:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_Transient),
            wait=_wait,
            stop=partial(self._is_enough, effort),
            sleep=self._sleep,
            reraise=True,
        )
        unreadable: set[bytes] = set()
        try:
            async for attempt in retrying:
                with attempt:  # called as a function, tenacity would hold each answer in a cycle
                    try:
                        return await self._try(effort, path, params, *types)
                    except _Unreadable as failure:
                        if failure.is_whole and failure.body in unreadable:
                            raise TelnyxUnavailable(_unreadable_page(path, params, failure)) from None
                        unreadable.add(failure.body)
                        raise
        except _Transient as failure:
            tries = retrying.statistics["attempt_number"]
            raise TelnyxUnavailable(f"GET {path}: {self._said_of(failure, tries, effort)}") from None
        raise AssertionError("tenacity ends with an answer or an exception")

    def _is_enough(self, effort: Effort, state: RetryCallState) -> bool:
        """Say whether to give up now, and count the wait that follows where not."""
        failure = state.outcome.exception() if state.outcome else None
        if not isinstance(failure, _Transient):
            return True
        self.patience.reason = failure.reason
        wait = state.upcoming_sleep
        if state.attempt_number >= failure.attempts or not (effort.can_wait(wait) and self.patience.can_wait(wait)):
            return True
        effort.spent += wait
        return False

    def _said_of(self, failure: _Transient, tries: int, effort: Effort) -> str:
        if failure.wait and not (effort.can_wait(failure.wait) and self.patience.can_wait(failure.wait)):
            bound = "sync_deadline_minutes" if effort.can_wait(failure.wait) else "request_deadline_seconds"
            until = datetime.fromtimestamp(self._now() + failure.wait, UTC)
            return (
                f"{failure.reason}, which is longer than {bound} allows. Run the sync again after "
                f"{until:%Y-%m-%d %H:%M} UTC."
            )
        gave_up = f"gave up after {tries} tries; the last one: " if tries > 1 else ""
        return f"{gave_up}{failure}. {failure.advice}"

    async def _try(self, effort: Effort, path: str, params: Mapping[str, str], *types: Any) -> Envelope:
        async with self._slots, self.pace.turn():
            self.requests += 1
            sent = self._now()
            sent_at = self.patience.clock()
            try:
                async with asyncio.timeout(min(LONGEST_TRY, max(effort.left, 1.0))):
                    response = await self._http.get(path.lstrip("/"), params=params)
            except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
                raise TelnyxError(
                    f"GET {path}: the request cannot be sent ({type(error).__name__}). Check TELNYX_API_KEY and "
                    "TELNYX_BASE_URL."
                ) from None
            except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
                raise self._no_answer(error) from None
            finally:
                effort.spent += self.patience.clock() - sent_at
            self.patience.has_answered = True
            failed = response.status_code in RETRIED_STATUSES or response.status_code >= 500
            wait = self.pace.learn(response.headers, failed=failed, limited=response.status_code == 429)
        if failed:
            header = "Retry-After" if "retry-after" in response.headers else "x-ratelimit-reset"
            raise _Transient(f"HTTP {response.status_code}", wait, header=header)
        if not response.is_success:
            self.patience.hear()
            refusal = self._refusal(path, response)
            if refusal.is_of_api:
                self.api_clock.learn(response.headers, sent, self._now())
            raise refusal
        if _is_no_json(response):
            raise self._strange_answer(response)
        parsed = parse_envelope(response.content, *types, charset=response.charset_encoding)
        self._is_understood = True
        self.api_clock.learn(response.headers, sent, self._now())
        self.patience.hear()
        return parsed

    @property
    def _host(self) -> str:
        return self._http.base_url.netloc.decode()

    def _no_answer(self, error: Exception) -> _Transient:
        why = ": ".join(part for part in (type(error).__name__, "; ".join(dict.fromkeys(_causes(error)))) if part)
        advice = f"Check TELNYX_BASE_URL and the network. {LATER}" if isinstance(error, httpx.ConnectError) else LATER
        attempts = ATTEMPTS if self.patience.has_answered else UNREACHED_ATTEMPTS.get(type(error), ATTEMPTS)
        return _Transient(f"no whole answer from {self._host} ({why})", advice=advice, attempts=attempts)

    def _strange_answer(self, response: httpx.Response) -> _Transient:
        return _Transient(
            f"{self._host} answered HTTP {response.status_code} with {self._auth.redact(_content_type(response))}, not "
            "JSON",
            advice="Check TELNYX_BASE_URL, and whether a proxy answers in place of Telnyx.",
            attempts=ATTEMPTS if self._is_understood else STRANGER_ATTEMPTS,
        )

    def _refusal(self, path: str, response: httpx.Response) -> TelnyxRefused:
        kinds = {kind.status: kind for kind in TelnyxRefused.__subclasses__()}
        kind = kinds.get(response.status_code, TelnyxRefused)
        said = self._auth.redact(_errors_said(response))
        request_id = response.headers.get("x-request-id")
        where = f"GET {path}: HTTP {response.status_code}" + (f" (request {request_id})" if request_id else "")
        redirect = self._auth.redact(_redirect(response))
        is_of_api = not response.content.strip() or _is_json(response.content)
        advice = kind.advice if is_of_api else "A page came, not JSON: check whether a proxy or a firewall refuses."
        refused = kind(" ".join(part for part in (f"{where}: {said}.", redirect, advice) if part))
        refused.is_of_api = is_of_api
        return refused


def converse(client: TelnyxClient, conversation: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Hold a conversation in an event loop of its own thread, since a notebook's thread already runs one."""

    async def hold() -> T:
        async with client:
            return await client.patience.attend(conversation(), client.waits_for)

    with start_blocking_portal() as portal:
        return portal.call(hold)


def require_base_url(url: str) -> None:
    """Raise `ValueError`, saying what is wrong, unless this can be what all paths are put behind."""
    if "@" in url:  # said first, so that no password is shown
        raise ValueError("must not hold a user or a password")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"must be the address of an API ({str(error).rstrip('.')}), not {url!r}") from None
    if parsed.scheme not in ("https", "http"):
        raise ValueError(f"must begin with https://, not {url!r}")
    if not parsed.host or parsed.query or parsed.fragment:
        raise ValueError(f"must be a scheme, a host and a path, such as {DEFAULT_BASE_URL}, not {url!r}")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise ValueError(f"must name a port between 1 and 65535, not {url!r}")
    if parsed.scheme == "http" and not _is_loopback(parsed.host):
        raise ValueError(
            f"must begin with https://, not {url!r}: over http:// the API key can be read on its way. Only a host of "
            "this machine (127.0.0.1, localhost) may be asked so"
        )


def require_certificates(environ: Mapping[str, str]) -> None:
    """Raise `ValueError`, naming the environment variable, unless the authorities named there can be used."""
    if keys := environ.get("SSLKEYLOGFILE"):
        _try_certificates("SSLKEYLOGFILE", keys, ssl.create_default_context)
    if file := environ.get("SSL_CERT_FILE"):
        _try_certificates("SSL_CERT_FILE", file, partial(ssl.create_default_context, cafile=file))
    elif (folders := environ.get("SSL_CERT_DIR")) and not _hold_authorities(folders.split(os.pathsep)):
        raise ValueError(
            f"SSL_CERT_DIR={folders} holds no certificates under the names that `openssl rehash` gives them, so no "
            "server would be trusted. Correct or unset it."
        )


def _try_certificates(name: str, value: str, load: Callable[[], object]) -> None:
    try:
        load()
    except ssl.SSLError:
        raise ValueError(f"{name}={value} holds no certificate in PEM format. Correct or unset it.") from None
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else "unknown error"
        raise ValueError(f"{name}={value} cannot be used: {why}. Correct or unset it.") from None


def _hold_authorities(folders: Iterable[str]) -> bool:
    with suppress(OSError):
        return any(_AUTHORITY.fullmatch(path.name) for folder in folders for path in Path(folder).iterdir())
    return False


def require_proxies(environ: Mapping[str, str]) -> None:
    """Raise `ValueError`, naming the environment variable, unless every proxy in the environment can be used."""
    for name, url in environ.items():
        if name.lower() not in _PROXY_VARIABLES or (name.lower() != name and name.lower() in environ):
            continue  # a name in lower case comes first
        if url and (problem := _problem_of_proxy(url)):
            raise ValueError(f"The proxy in {name} cannot be used: {problem}. Correct or unset it.")


def _problem_of_proxy(url: str) -> str | None:
    """Say why a proxy cannot be used; None where it can. Its address may hold a password and is not shown."""
    try:
        proxy = httpx.Proxy(url if "://" in url else f"http://{url}")
        if not proxy.url.host:
            return "it names no host"
        if proxy.url.port is not None and not 0 < proxy.url.port < 65536:
            return f"its port is {proxy.url.port}, not between 1 and 65535"
        httpx.AsyncHTTPTransport(proxy=proxy, verify=_nobody())
    except ImportError:
        return "a SOCKS proxy needs the package socksio (pip install 'httpx[socks]')"
    except httpx.InvalidURL as error:
        return "its port is no number" if "port" in str(error).lower() else "it is no address of a proxy"
    except ValueError:
        return "it must begin with http://, https://, socks5:// or socks5h://"
    return None


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


@cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()  # read from a file, which takes as long as many requests


@cache
def _nobody() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # over http there is no certificate to check; none is trusted


def parse_envelope(body: bytes, *types: Any, charset: str | None = None) -> Envelope:
    """Decode an envelope whose `data` is of the first of these types that fits; if none does, read what can be read."""
    for data_type in types:
        with suppress(*_UNREADABLE):
            envelope = _decoder(data_type).decode(body)
            return {"data": envelope.data, "meta": envelope.meta}
    return _read_leniently(body, charset, is_list=get_origin(types[-1]) is list)


def _read_leniently(body: bytes, charset: str | None, *, is_list: bool) -> Envelope:
    try:
        found = read_json(body, charset)
    except UnreadableBody as error:
        raise _Unreadable(f"an answer that is no whole JSON ({error})", body, is_whole=not error.is_cut_off) from None
    except RecursionError:
        raise _Unreadable("an answer that is nested too deep", body, is_whole=True) from None
    envelope = found if isinstance(found, dict) else {}
    data, meta = envelope.get("data"), envelope.get("meta")
    if is_list and data is None and isinstance(meta, dict) and str(meta.get("total_results")) in _ZEROS:
        data = []  # some languages write an empty list so, or leave it out
    if not isinstance(data, list if is_list else dict):
        wanted = "a list" if is_list else "an object"
        is_whole = envelope.keys() >= {"data", "meta"}
        raise _Unreadable(f"a 2xx answer whose `data` is {_kind_of(data)}, not {wanted}", body, is_whole=is_whole)
    return {"data": data, "meta": meta, "mended": _mended(data, meta)}


def _mended(data: Any, meta: Any) -> list[str]:
    """Mend what was read, and name what was wrong, by row."""
    if isinstance(meta, dict):
        mend(meta)
        meta |= {name: value.text for name, value in meta.items() if isinstance(value, NoValue)}
    rows = data if isinstance(data, list) else [data]
    wrong = [(position, row, mend(row)) for position, row in enumerate(rows, 1) if isinstance(row, dict | list)]
    return [f"row {position}{_id_in(row)}: {what}" for position, row, found in wrong for what in found]


def _id_in(row: object) -> str:
    return f" (id {row['id']})" if isinstance(row, dict) and isinstance(row.get("id"), str) else ""


def _kind_of(data: object) -> str:
    names = {type(None): "missing or null", dict: "an object", list: "a list", str: "a text"}
    return names.get(type(data), "a number or a boolean")


def _unreadable_page(path: str, params: Mapping[str, str], failure: _Unreadable) -> str:
    asked = ", ".join(f"{name}={value}" for name, value in params.items())
    return (
        f"GET {path}{f' ({asked})' if asked else ''}: the API answers the same twice and it cannot be read: {failure}. "
        "Ask Telnyx about this page."
    )


@cache
def _decoder(data_type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(msgspec.defstruct("Envelope", [("data", data_type), ("meta", Any, None)]))


def _is_no_json(response: httpx.Response) -> bool:
    """Tell a page, or what else says that it is no JSON and is none, from an answer that may have been cut off."""
    content_type = _content_type(response)
    return bool(content_type) and not content_type.endswith("json") and not _is_json(response.content)


def _is_json(body: bytes) -> bool:
    with suppress(*_UNREADABLE):
        msgspec.json.decode(body)
        return True
    return False


def _content_type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip()


def _redirect(response: httpx.Response) -> str:
    """Say where a redirect leads, which is not followed; less what may hold a secret."""
    location = response.headers.get("location")
    if not location or not 300 <= response.status_code < 400:
        return ""
    target = httpx.URL(location).copy_with(userinfo=b"", query=None, fragment=None)  # httpx has read it before
    return f"It redirects to {target}. Check TELNYX_BASE_URL."


def _causes(error: BaseException) -> Iterator[str]:
    """Name what the system says of a connection that failed, in its own fixed words: others may quote the request."""
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


def _errors_said(response: httpx.Response) -> str:
    """Quote title and detail of the API's `errors[]`; a body of another kind is named, never quoted."""
    try:
        errors = msgspec.json.decode(response.content)["errors"]
        return "; ".join(_one_error(error) for error in errors) or "no reason given"
    except (*_UNREADABLE, KeyError, TypeError, AttributeError):
        return "no reason given that could be read"


def _one_error(error: Mapping[str, Any]) -> str:
    code, title, detail = (error.get(key) for key in ("code", "title", "detail"))
    return ": ".join(str(part).rstrip(".") for part in (title, detail) if part) + (f" [{code}]" if code else "")


_backoff = wait_exponential(multiplier=0.5, max=30.0) + wait_random(0.0, 1.0)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, _Transient) else None
    return asked or _backoff(state)  # "wait 0 s" from an API that refuses must not become a storm
