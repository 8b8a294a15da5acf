"""What the client sends, how often it tries, and what it makes of each kind of answer."""

from __future__ import annotations

import asyncio
import errno
import gzip
import re
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest
from fake_transport import API_KEY, BASE_URL, NOON, Answer, FakeClock, Script, open_client, refusal
from portouts.telnyx.client import STRANGER_ATTEMPTS, TelnyxClient
from portouts.telnyx.errors import NotFound, TelnyxError, TelnyxUnavailable
from portouts.telnyx.request import ATTEMPTS
from scripted_client import BODY, PAGE, ask, caused_by, failing, good

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

RETRIED = (408, 425, 429, 500, 502, 503, 504)


class TornStream(httpx.AsyncByteStream):
    """A body that breaks off, as a reset connection does."""

    def __init__(self, error: httpx.TransportError) -> None:
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"data": [{"id": "order'
        raise self._error


def torn(error: httpx.TransportError) -> httpx.Response:
    return httpx.Response(200, stream=TornStream(error))


FAILURES = [
    *(pytest.param(httpx.Response(status), id=f"{status}") for status in RETRIED),
    pytest.param(httpx.Response(599), id="599"),
    pytest.param(httpx.Response(502, html="<h1>Bad gateway</h1>"), id="502 with HTML"),
    pytest.param(httpx.ConnectError("refused"), id="connection refused"),
    pytest.param(httpx.ConnectTimeout("slow"), id="connect timeout"),
    pytest.param(httpx.ReadTimeout("slow"), id="read timeout"),
    pytest.param(httpx.WriteTimeout("slow"), id="write timeout"),
    pytest.param(httpx.PoolTimeout("slow"), id="pool timeout"),
    pytest.param(httpx.ReadError("reset"), id="reset before the answer"),
    pytest.param(httpx.RemoteProtocolError("disconnected"), id="disconnected without an answer"),
    pytest.param(torn(httpx.ReadError("reset")), id="reset in the body"),
    pytest.param(torn(httpx.RemoteProtocolError("incomplete")), id="disconnected in the body"),
    pytest.param(torn(httpx.ReadTimeout("slow")), id="timeout in the body"),
    pytest.param(httpx.Response(200, content=b""), id="200 with nothing"),
    pytest.param(httpx.Response(204), id="204"),
    pytest.param(httpx.Response(200, content=b'{"data": [{"id": "a"}'), id="truncated JSON"),
    pytest.param(httpx.Response(200, json={"data": None}), id="data null"),
    pytest.param(httpx.Response(200, json={}), id="no data"),
    pytest.param(httpx.Response(200, json={"errors": []}), id="errors behind a 200"),
    pytest.param(httpx.Response(200, json=[]), id="a list without envelope"),
    pytest.param(httpx.Response(200, json=None), id="null"),
    pytest.param(httpx.Response(200, json={"data": {"id": "a"}}), id="an object for a list"),
    pytest.param(httpx.Response(200, json={"data": "a"}), id="a text for a list"),
    pytest.param(
        httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"not gzip")),
        id="broken compression",
    ),
    pytest.param(
        httpx.Response(
            200,
            headers={"content-encoding": "gzip"},
            stream=httpx.ByteStream(gzip.compress(b'{"data": [{"id": "a"}]}')[:-12]),
        ),
        id="truncated compression",
    ),
]


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_lasting_failure_is_raised_after_all_tries_and_never_becomes_rows(failure: Answer) -> None:
    script, said = await failing([failure], TelnyxUnavailable)
    assert len(script.requests) == ATTEMPTS
    assert said.startswith(f"GET /portouts: gave up after {ATTEMPTS} tries")


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_good_answer_at_the_last_try_is_returned(failure: Answer) -> None:
    script, page = await ask([failure] * (ATTEMPTS - 1) + [good()])
    assert page == PAGE
    assert len(script.requests) == ATTEMPTS


MAINTENANCE = httpx.Response(200, html="<h1>Maintenance</h1>")


async def test_a_host_that_has_only_sent_html_gets_fewer_tries() -> None:
    script, said = await failing([MAINTENANCE], TelnyxUnavailable)
    assert len(script.requests) == STRANGER_ATTEMPTS
    assert said == (
        f"GET /portouts: gave up after {STRANGER_ATTEMPTS} tries; the last one: api.example.test answered HTTP 200 "
        "with text/html, not JSON. Check TELNYX_BASE_URL, and whether a proxy answers in place of Telnyx."
    )


async def test_html_in_place_of_an_answer_is_tried_again() -> None:
    script, page = await ask([*[MAINTENANCE] * (STRANGER_ATTEMPTS - 1), good()])
    assert page == PAGE
    assert len(script.requests) == STRANGER_ATTEMPTS


async def test_a_host_that_has_sent_json_gets_all_tries() -> None:
    clock = FakeClock()
    script = Script([good(), *[MAINTENANCE] * (ATTEMPTS - 1), good()], clock)
    async with open_client(script, clock) as client:
        for _ in range(2):
            assert await client.fetch_list("/portouts", {}) == PAGE
    assert len(script.requests) == ATTEMPTS + 1


@pytest.mark.parametrize(
    "failure",
    [httpx.LocalProtocolError(f"Illegal header value b'Bearer {API_KEY}'"), httpx.UnsupportedProtocol(API_KEY)],
    ids=["illegal header", "unsupported protocol"],
)
async def test_a_request_that_cannot_be_sent_is_not_tried_again(failure: Exception) -> None:
    script, said = await failing([failure], TelnyxError)
    assert len(script.requests) == 1
    assert said == (
        f"GET /portouts: the request cannot be sent ({type(failure).__name__}). Check TELNYX_API_KEY and "
        "TELNYX_BASE_URL."
    )


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (caused_by(ConnectionRefusedError(errno.ECONNREFUSED, f"Connect call failed {API_KEY}")), "connection refused"),
        (
            caused_by(ExceptionGroup("many", [OSError(errno.ENETUNREACH, "a"), OSError(errno.ECONNREFUSED, "b")])),
            "network is unreachable; connection refused",
        ),
        (caused_by(socket.gaierror(socket.EAI_NONAME, "Name or service not known")), "name or service not known"),
        (caused_by(ssl.SSLCertVerificationError(1, "[SSL] text (_ssl.c:1)")), "certificate not accepted"),
        (httpx.ConnectError("no reason"), None),
    ],
    ids=["refused", "several addresses", "no such host", "certificate", "unknown"],
)
async def test_a_connection_that_fails_names_the_host_and_the_cause(failure: Exception, said: str | None) -> None:
    _, message = await failing([failure], TelnyxUnavailable)
    cause = f"ConnectError: {said}" if said else "ConnectError"
    assert f"the last one: no whole answer from api.example.test ({cause}). Check TELNYX_BASE_URL" in message
    assert API_KEY not in message


async def test_a_list_in_place_of_one_order_is_tried_again() -> None:
    clock = FakeClock()
    script = Script([httpx.Response(200, json={"data": []}), httpx.Response(200, json={"data": {"id": "a"}})], clock)
    async with open_client(script, clock) as client:
        assert await client.fetch_one("/portouts/a") == {"id": "a"}
    assert len(script.requests) == 2


@pytest.mark.parametrize("status", [200, 201, 206], ids=str)
async def test_any_2xx_with_a_complete_page_counts(status: int) -> None:
    _, page = await ask([httpx.Response(status, json=BODY)])
    assert page == PAGE


async def test_waits_that_the_api_does_not_set_grow_and_stay_finite() -> None:
    clock = FakeClock()
    await failing([httpx.Response(503)], TelnyxUnavailable, clock)
    assert len(clock.naps) == ATTEMPTS - 1
    assert all(0 < nap <= 31 for nap in clock.naps)
    assert clock.naps[-1] > clock.naps[0]


@pytest.mark.parametrize("status", [429, 503], ids=str)
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "17"}, 17, id="seconds"),
        pytest.param({"retry-after": "Mon, 01 Jun 2026 12:00:17 GMT"}, 17, id="date"),
        pytest.param({"retry-after": "299"}, 299, id="minutes"),
    ],
)
async def test_retry_after_is_obeyed_to_the_second(status: int, headers: dict[str, str], seconds: float) -> None:
    script, _ = await ask([httpx.Response(status, headers=headers), good()])
    assert script.instants[1] - script.instants[0] == seconds


@pytest.mark.parametrize(
    "reset", ["17", f"{NOON.timestamp() + 17:.0f}", "17, 60;w=60"], ids=["seconds", "epoch", "list"]
)
async def test_the_reset_of_the_limit_is_obeyed_to_the_second(reset: str) -> None:
    script, _ = await ask([httpx.Response(429, headers={"X-RateLimit-Reset": reset}), good()])
    assert script.instants[1] - script.instants[0] == 17


async def test_a_wrong_local_clock_does_not_change_the_wait() -> None:
    headers = {"date": "Mon, 01 Jun 2026 12:00:00 GMT", "retry-after": "Mon, 01 Jun 2026 12:00:17 GMT"}
    script, _ = await ask([httpx.Response(429, headers=headers), good()], FakeClock(NOON.timestamp() - 86_400))
    assert script.instants[1] - script.instants[0] == 17


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param(429, {"retry-after": "0"}, id="retry at once"),
        pytest.param(429, {"x-ratelimit-reset": "0"}, id="reset now"),
        pytest.param(429, {"retry-after": "Mon, 01 Jun 2026 11:00:00 GMT"}, id="a date gone by"),
        pytest.param(503, {"x-ratelimit-remaining": "19", "x-ratelimit-reset": "0"}, id="a limit not reached"),
    ],
)
async def test_an_api_that_fails_without_a_wait_is_not_stormed(status: int, headers: dict[str, str]) -> None:
    clock = FakeClock()
    await failing([httpx.Response(status, headers=headers)], TelnyxUnavailable, clock)
    assert sum(clock.naps) > 20


@pytest.mark.parametrize(
    "text", ["soon", "", ";;", "-3", "1.2.3", "Mon, 99 Xyz", "\N{ARABIC-INDIC DIGIT THREE}"], ids=ascii
)
@pytest.mark.parametrize("name", ["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining", "date"])
async def test_a_malformed_header_never_crashes(name: str, text: str) -> None:
    headers = httpx.Headers({name: text}, encoding="utf-8")
    _, page = await ask([httpx.Response(429, headers=headers), httpx.Response(200, headers=headers, json=BODY)])
    assert page == PAGE


async def test_the_last_request_of_a_limit_holds_the_next_one() -> None:
    clock = FakeClock()
    last = httpx.Response(200, json=BODY, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4"})
    script = Script([last, good(), good()], clock)
    async with open_client(script, clock) as client:
        for _ in range(3):
            await client.fetch_list("/portouts", {})
    assert [instant - script.instants[0] for instant in script.instants] == [0, 4, 4]


async def test_a_refusal_of_one_request_holds_all_others() -> None:
    clock = FakeClock()
    script = Script([httpx.Response(429, headers={"retry-after": "30"}), good()], clock)
    async with open_client(script, clock, max_concurrency=1) as client:
        await asyncio.gather(*(client.fetch_list("/portouts", {}) for _ in range(5)))
    assert [instant - script.instants[0] >= 30 for instant in script.instants[1:]] == [True] * 5


@pytest.mark.parametrize(
    ("failure", "tries"),
    [(httpx.ConnectError("refused"), 1), (httpx.ConnectTimeout("slow"), 2), (httpx.ProxyError("407"), 2)],
    ids=["refused", "silent", "refused by a proxy"],
)
async def test_a_first_request_to_a_place_where_nothing_listens_fails_soon(failure: Exception, tries: int) -> None:
    script, said = await failing([failure], TelnyxUnavailable, has_answered=False)
    assert len(script.requests) == tries
    assert "no whole answer from api.example.test" in said
    assert ("gave up" in said) == (tries > 1)


@pytest.mark.parametrize("first", [good(), httpx.Response(503), refusal(404, "1", "t", "d")], ids=["200", "503", "404"])
async def test_a_server_that_has_answered_once_gets_all_tries_while_it_restarts(first: httpx.Response) -> None:
    clock = FakeClock()
    refused = [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")]
    script = Script([first, *refused * 3, good()], clock)
    async with open_client(script, clock) as client:
        if first.status_code != 503:
            with suppress(NotFound):
                await client.fetch_list("/portouts", {})
        assert await client.fetch_list("/portouts", {}) == PAGE
    assert len(script.requests) == ATTEMPTS


@pytest.mark.parametrize("most", [1, 3, 8], ids=str)
async def test_concurrency_reaches_the_limit_and_never_exceeds_it(most: int) -> None:
    in_flight, peak = 0, 0

    async def handle(_request: httpx.Request) -> httpx.Response:
        nonlocal in_flight, peak
        in_flight += 1
        peak = max(peak, in_flight)
        for _ in range(5):
            await asyncio.sleep(0)
        in_flight -= 1
        return good()

    async with open_client(handle, max_concurrency=most) as client:
        await asyncio.gather(*(client.fetch_list("/portouts", {}) for _ in range(30)))
    assert (peak, client.requests) == (most, 30)


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        (BASE_URL, "https://api.example.test/v2/portouts/events"),
        (BASE_URL + "/", "https://api.example.test/v2/portouts/events"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/portouts/events"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/portouts/events"),
        ("https://proxy.example.test/telnyx/v2", "https://proxy.example.test/telnyx/v2/portouts/events"),
    ],
    ids=["path", "path and slash", "host", "host and slash", "deeper path"],
)
async def test_a_base_url_may_end_in_a_slash_and_may_have_a_path(base_url: str, expected: str) -> None:
    clock = FakeClock()
    script = Script([good()], clock)
    async with open_client(script, clock, base_url=base_url) as client:
        await client.fetch_list("/portouts/events", {"page[number]": "2"})
    (request,) = script.requests
    assert str(request.url.copy_with(query=None)) == expected
    assert dict(request.url.params) == {"page[number]": "2"}


async def test_instants_reach_the_api_as_they_were_written() -> None:
    clock = FakeClock()
    script = Script([good()], clock)
    params = {"filter[inserted_at][gte]": "2026-05-01T00:00:00.000Z", "filter[status]": "rejected-pending"}
    async with open_client(script, clock) as client:
        await client.fetch_list("/portouts", params)
    assert dict(script.requests[0].url.params) == params


async def test_only_get_is_ever_sent_and_nothing_else_is_offered() -> None:
    script, _ = await ask([httpx.Response(503), httpx.Response(429), good()])
    assert {request.method for request in script.requests} == {"GET"}
    offered = {name for name in dir(TelnyxClient) if not name.startswith("_")}
    assert {name for name in offered if not re.match("fetch_", name)} == {"attend", "wait_reason"}
