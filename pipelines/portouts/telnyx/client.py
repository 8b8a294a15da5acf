"""Sends one GET to Telnyx and returns one page or object, or raises an error that says what happened.

A request passes the rate limit and is tried again until its answer is whole, within its deadline. Only GET is offered,
so no load can change an order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import httpx
import msgspec
from anyio.from_thread import start_blocking_portal
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential, wait_random

from portouts.logs import DEBUG, log
from portouts.telnyx.bodies import UnreadableBody
from portouts.telnyx.clock import ApiClock
from portouts.telnyx.defaults import BASE_URL, CONCURRENCY
from portouts.telnyx.errors import TelnyxError, TelnyxUnavailable, describe, refusal
from portouts.telnyx.limits.deadlines import Deadline, TimeBudget, Watch, format_duration
from portouts.telnyx.limits.rate_limit import RateLimit
from portouts.telnyx.network import BearerAuth, open_http
from portouts.telnyx.page import JsonObject, Page, is_json, parse_object, parse_page
from portouts.telnyx.request import ATTEMPTS, LATER, Request

# A proxy may send a page in place of an answer for a moment, but a host that has never sent JSON is hardly Telnyx.
STRANGER_ATTEMPTS = 5
# Where nothing has ever answered, an address that refuses is the wrong one. One that is silent probably is.
UNREACHED_ATTEMPTS: Mapping[type[Exception], int] = {
    httpx.ConnectError: 1,
    httpx.ConnectTimeout: 2,
    httpx.ProxyError: 2,
}
RETRIED_STATUSES = frozenset({408, 425, 429})
# Seconds for one try. httpx limits each wait, not their sum: an answer that comes byte by byte would never end.
LONGEST_TRY = 120.0

T = TypeVar("T")


class _FailedTry(Exception):
    """One failed try; another may succeed. `wait` is the number of seconds that the API requests in `header`."""

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
        self.reason = f"{message}: Telnyx asks to wait {format_duration(wait)} ({header})" if wait else message
        self.wait = wait
        self.advice = advice
        self.attempts = attempts


class Api(Protocol):
    """What reading needs of the API: its lists, its single objects and its clock."""

    @property
    def api_clock(self) -> ApiClock: ...

    async def fetch_list(
        self, path: str, params: Mapping[str, str], row_type: type[msgspec.Struct] | None = None
    ) -> Page: ...

    async def fetch_one(self, path: str) -> JsonObject: ...


class TelnyxClient:
    """Send requests with bounded concurrency, within the rate limit and the deadline, and count them."""

    def __init__(
        self,
        api_key: str,
        base_url: str = BASE_URL,
        *,
        max_concurrency: int = CONCURRENCY,
        transport: httpx.AsyncBaseTransport | None = None,
        deadline: Deadline | None = None,
        rate_limit: RateLimit | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.requests = 0
        self.api_clock = ApiClock()
        self.deadline = deadline or Deadline()
        self.rate_limit = rate_limit or RateLimit(longest_wait=self.deadline.request_seconds)
        self.watch = watch or Watch()
        self._clock = self.rate_limit.clock
        self._has_sent_json = False
        self._auth = BearerAuth(api_key)
        self._connections = asyncio.Semaphore(max_concurrency)
        self._http = open_http(base_url, self._auth, max_concurrency, transport)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def fetch_list(
        self, path: str, params: Mapping[str, str], row_type: type[msgspec.Struct] | None = None
    ) -> Page:
        """Fetch one page, whose rows are of `row_type` if every row of the page fits it."""
        return await self._fetch(path, params, partial(parse_page, row_type=row_type))

    async def fetch_one(self, path: str) -> JsonObject:
        """Fetch one object."""
        return await self._fetch(path, {}, parse_object)

    async def attend(self, work: Coroutine[Any, Any, T] | asyncio.Task[T]) -> T:
        """Await work that uses this client, and watch it wait; raises `Interrupted`."""
        return await self.watch.attend(work, self.wait_reason)

    def wait_reason(self) -> str:
        """Return the reason why no answer comes, as far as it is known."""
        if self.watch.last_failure:
            return self.watch.last_failure
        is_held = self.rate_limit.seconds_held() > 1
        return "Telnyx's rate limit is used up" if is_held else f"no answer yet from {self._host}"

    @property
    def _host(self) -> str:
        return self._http.base_url.netloc.decode()

    async def _fetch(self, path: str, params: Mapping[str, str], parse: Callable[[bytes, str | None], T]) -> T:
        request = Request(path, params, parse, TimeBudget(self.deadline.request_seconds))
        try:
            async with asyncio.timeout(self.deadline.seconds_left()):
                if not self.deadline.allows(0):
                    raise TimeoutError
                return await self._fetch_with_retries(request)
        except TimeoutError:
            raise TelnyxUnavailable(
                f"GET {path}: the sync has taken {format_duration(self.deadline.sync_seconds or 0)}, which is all that "
                "sync_deadline_minutes allows. What was loaded is kept; run the sync again to go on."
            ) from None

    async def _fetch_with_retries(self, request: Request[T]) -> T:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_FailedTry),
            after=self._note_failure,
            stop=partial(self._is_enough, request.budget),
            wait=_seconds_to_wait,
            before_sleep=lambda state: request.budget.spend(state.upcoming_sleep),
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            async for attempt in retrying:
                self.watch.traffic.retries += attempt.retry_state.attempt_number > 1
                with attempt:  # called as a function, tenacity would hold each answer in a cycle
                    return await self._try(request)
        except _FailedTry as failure:
            why, advice = self._why_given_up(failure, retrying.statistics["attempt_number"], request.budget)
            raise TelnyxUnavailable(f"GET {request.path}: {why}", advice) from None
        raise AssertionError("tenacity ends with an answer or an exception")

    def _note_failure(self, state: RetryCallState) -> None:
        self.watch.last_failure = reason = _failure_of(state).reason
        log("try.failed", level=DEBUG, tries=state.attempt_number, reason=reason, wait=round(state.upcoming_sleep, 3))

    def _is_enough(self, budget: TimeBudget, state: RetryCallState) -> bool:
        """Return whether to give up now: too many tries, or no time for the next wait."""
        wait = state.upcoming_sleep
        has_time = budget.allows(wait) and self.deadline.allows(wait)
        return state.attempt_number >= min(_failure_of(state).attempts, self.deadline.most_tries) or not has_time

    def _why_given_up(self, failure: _FailedTry, tries: int, budget: TimeBudget) -> tuple[str, str]:
        """Return the reason, and what to do."""
        if failure.wait and not (budget.allows(failure.wait) and self.deadline.allows(failure.wait)):
            bound = "sync_deadline_minutes" if budget.allows(failure.wait) else self.deadline.request_bound
            until = datetime.fromtimestamp(self._clock.now() + failure.wait, UTC)
            longer = f"{failure.reason}, which is longer than {bound} allows."
            return longer, f"Run the sync again after {until:%Y-%m-%d %H:%M} UTC."
        gave_up = f"gave up after {tries} tries; the last one: " if tries > 1 else ""
        return f"{gave_up}{failure}.", failure.advice

    async def _try(self, request: Request[T]) -> T:
        async with self._connections, self.rate_limit.slot():
            sent_at = self._clock.now()
            response = await self._send(request)
            is_failed = response.status_code in RETRIED_STATUSES or response.status_code >= 500
            wait = self.rate_limit.learn(response.headers, failed=is_failed, limited=response.status_code == 429)
        if is_failed:
            header = "Retry-After" if "retry-after" in response.headers else "x-ratelimit-reset"
            raise _FailedTry(f"HTTP {response.status_code}", wait, header=header)
        if not response.is_success:
            refused = refusal(request.path, response, self._auth.redact)
            self._note_answer(response, sent_at, is_of_api=refused.is_of_api)
            raise refused
        parsed = self._parse(request, response)
        self._has_sent_json = True
        self._note_answer(response, sent_at)
        return parsed

    async def _send(self, request: Request[Any]) -> httpx.Response:
        self.requests += 1
        began_at, status = self.deadline.clock(), None
        try:
            async with asyncio.timeout(min(LONGEST_TRY, max(request.budget.left, 1.0))):
                response = await self._http.get(request.path.lstrip("/"), params=request.params)
                status = response.status_code
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
            raise TelnyxError(
                f"GET {request.path}: the request cannot be sent ({type(error).__name__}). Check TELNYX_API_KEY and "
                "TELNYX_BASE_URL."
            ) from None
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            raise self._no_answer(error) from None
        finally:
            seconds = self.deadline.clock() - began_at
            request.budget.spend(seconds)
            self.watch.traffic.add(request, status, seconds)
        self.watch.has_answered = True
        return response

    def _note_answer(self, response: httpx.Response, sent_at: float, *, is_of_api: bool = True) -> None:
        self.watch.note_answer()
        if is_of_api:
            self.api_clock.learn(response.headers, sent_at, self._clock.now())

    def _parse(self, request: Request[T], response: httpx.Response) -> T:
        content_type = str(response.headers.get("content-type", "")).partition(";")[0].strip()
        # A body that claims to be JSON may only be cut off, so its own error says more.
        if content_type and not content_type.endswith("json") and not is_json(response.content):
            raise self._strange_answer(response.status_code, content_type)
        try:
            return request.parse(response.content, response.charset_encoding)
        except UnreadableBody as error:
            if error.is_complete and response.content in request.unreadable:
                raise TelnyxUnavailable(
                    f"GET {request}: the API answers the same twice and it cannot be read: {error}. Ask Telnyx about "
                    "this page."
                ) from None
            request.unreadable.add(response.content)
            raise _FailedTry(str(error)) from None

    def _no_answer(self, error: Exception) -> _FailedTry:
        advice = f"Check TELNYX_BASE_URL and the network. {LATER}" if isinstance(error, httpx.ConnectError) else LATER
        attempts = ATTEMPTS if self.watch.has_answered else UNREACHED_ATTEMPTS.get(type(error), ATTEMPTS)
        return _FailedTry(f"no whole answer from {self._host} ({describe(error)})", advice=advice, attempts=attempts)

    def _strange_answer(self, status: int, content_type: str) -> _FailedTry:
        return _FailedTry(
            f"{self._host} answered HTTP {status} with {self._auth.redact(content_type)}, not JSON",
            advice="Check TELNYX_BASE_URL, and whether a proxy answers in place of Telnyx.",
            attempts=ATTEMPTS if self._has_sent_json else STRANGER_ATTEMPTS,
        )


def converse(client: TelnyxClient, conversation: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a conversation with the API in an event loop of its own thread: a notebook's thread already runs one."""

    async def connected() -> T:
        async with client:
            return await client.attend(conversation())

    with start_blocking_portal() as portal:
        return portal.call(connected)


_backoff = wait_exponential(multiplier=0.5, max=30.0) + wait_random(0.0, 1.0)


def _seconds_to_wait(state: RetryCallState) -> float:
    return _failure_of(state).wait or _backoff(state)  # "wait 0 s" from an API that refuses must not become a storm


def _failure_of(state: RetryCallState) -> _FailedTry:
    failure = state.outcome.exception() if state.outcome else None
    if not isinstance(failure, _FailedTry):
        raise AssertionError("only a failed try is tried again")
    return failure
