"""What the client makes of every kind of answer, and how often it asks."""

from __future__ import annotations

import asyncio
import errno
import gzip
import json
import logging
import re
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fake_transport import API_KEY, BASE_URL, NOON, Answer, FakeClock, Script, envelope, open_client, refusal
from portouts.errors import Interrupted
from portouts.telnyx.client import ATTEMPTS, STRANGER_ATTEMPTS, TelnyxClient
from portouts.telnyx.clock import Clock
from portouts.telnyx.deadlines import Deadline, Watch, format_duration
from portouts.telnyx.errors import (
    KeyRejected,
    NotFound,
    PermissionDenied,
    TelnyxError,
    TelnyxRefused,
    TelnyxUnavailable,
    Unprocessable,
)
from portouts.telnyx.network import BearerAuth
from portouts.telnyx.page import Page
from portouts.telnyx.rate_limit import RateLimit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

pytestmark = pytest.mark.anyio

BODY = envelope([{"id": "order-1"}], 1)
PAGE = Page([{"id": "order-1"}], 1, 250)
RETRIED = (408, 425, 429, 500, 502, 503, 504)


def good() -> httpx.Response:
    return httpx.Response(200, json=BODY)


class TornStream(httpx.AsyncByteStream):
    """A body that breaks off, as a reset connection does."""

    def __init__(self, error: httpx.TransportError) -> None:
        self._error = error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"data": [{"id": "order'
        raise self._error


def torn(error: httpx.TransportError) -> httpx.Response:
    return httpx.Response(200, stream=TornStream(error))


async def ask(answers: Iterable[Answer], clock: FakeClock | None = None) -> tuple[Script, Page]:
    clock = clock or FakeClock()
    script = Script(answers, clock)
    async with open_client(script, clock, watch=Watch(clock=clock, has_answered=True)) as client:
        return script, await client.fetch_list("/portouts", {"page[number]": "1"})


async def failing(
    answers: Iterable[Answer],
    kind: type[Exception],
    clock: FakeClock | None = None,
    *,
    has_answered: bool = True,
) -> tuple[Script, str]:
    """Ask, and return the script with what the exception of that very kind says."""
    clock = clock or FakeClock()
    script = Script(answers, clock)
    async with open_client(script, clock, watch=Watch(clock=clock, has_answered=has_answered)) as client:
        with pytest.raises(kind) as raised:
            await client.fetch_list("/portouts", {})
        assert client.requests == len(script.requests)
    assert type(raised.value) is kind
    return script, str(raised.value)


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
async def test_a_lasting_failure_is_tried_so_often_and_then_raised_never_rows(failure: Answer) -> None:
    script, said = await failing([failure], TelnyxUnavailable)
    assert len(script.requests) == ATTEMPTS
    assert said.startswith(f"GET /portouts: gave up after {ATTEMPTS} tries")


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_later_good_answer_wins(failure: Answer) -> None:
    script, page = await ask([failure] * (ATTEMPTS - 1) + [good()])
    assert page == PAGE
    assert len(script.requests) == ATTEMPTS


def body(text: bytes, **fields: Any) -> httpx.Response:
    return httpx.Response(200, content=text, **fields)


def answered(row: bytes) -> httpx.Response:
    """Answer a page whose second of three rows is this."""
    return body(b'{"data": [{"id": "a"}, ' + row + b', {"id": "c"}], "meta": {"total_results": 3}}')


DEEP = b"[" * 99_999 + b"]" * 99_999
READABLE = [
    pytest.param(rb'{"id": "b", "x": "\ud800"}', {"id": "b", "x": "\ufffd"}, "half a surrogate pair", id="half a pair"),
    pytest.param(
        rb'{"id": "b", "\udc00": "\ud83d\ude00"}', {"id": "b", "\ufffd": "\U0001f600"}, "half", id="in a name"
    ),
    pytest.param(b'{"id": "b", "x": "\xff"}', {"id": "b", "x": "\ufffd"}, "what is no character", id="no UTF-8"),
    pytest.param(
        b'{"id": "b", "x": "' + b"\xe2\x82" + b'"}', {"id": "b", "x": "\ufffd"}, "no character", id="half UTF-8"
    ),
    pytest.param(b'{"id": "b", "x": "a\tb\nc"}', {"id": "b", "x": "a\tb\nc"}, "", id="control characters"),
    pytest.param(b"null", None, "", id="a row that is null"),
    pytest.param(b'["id", "b"]', ["id", "b"], "", id="a row that is a list"),
    pytest.param(b"5", 5, "", id="a row that is a number"),
]
NUMBERS = [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e999", b"9" * 5_000]


@pytest.mark.parametrize(("row", "read", "said"), READABLE)
async def test_a_row_that_is_not_quite_json_is_read_and_what_was_wrong_is_named(
    row: bytes, read: object, said: str
) -> None:
    script, found = await ask([answered(row)])
    assert (found.rows, len(script.requests)) == ([{"id": "a"}, read, {"id": "c"}], 1)
    assert [one for one in list(found.mended) if said and one.startswith("row 2 (id b): ") and said in one] == (
        list(found.mended)
    )
    assert bool(list(found.mended)) is bool(said)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:9].decode())
async def test_a_number_that_is_none_leaves_the_rest_of_its_page_readable(number: bytes) -> None:
    _, found = await ask([answered(b'{"id": "b", "x": {"y": [' + number + b"]}}")])
    assert [row["id"] for row in found.rows] == ["a", "b", "c"]
    assert found.rows[1]["x"]["y"][0].text == number.decode()
    assert list(found.mended) == ["row 2 (id b): a number that is none"]


@pytest.mark.parametrize("deep", [DEEP, b'{"a":' * 99_999 + b"1" + b"}" * 99_999], ids=["lists", "objects"])
async def test_what_is_nested_too_deep_is_left_out_and_its_row_named(deep: bytes) -> None:
    _, found = await ask([answered(b'{"id": "b", "x": ' + deep + b', "y": "]"}')])
    assert [row["id"] for row in found.rows] == ["a", "b", "c"]
    assert found.rows[1]["y"] == "]"
    assert list(found.mended) == ["row 2 (id b): a value nested more than 100 deep"]


@pytest.mark.parametrize(
    ("encode", "fields"),
    [
        (lambda text: b"\xef\xbb\xbf" + text.encode(), {}),
        (lambda text: text.encode("utf-16"), {}),
        (lambda text: text.encode("latin-1"), {"headers": {"content-type": "application/json; charset=latin-1"}}),
    ],
    ids=["byte-order mark", "UTF-16", "Latin-1, and said so"],
)
async def test_a_body_in_another_encoding_is_read(encode: Callable[[str], bytes], fields: dict[str, Any]) -> None:
    page = json.dumps(envelope([{"id": "a", "carrier_name": "Télécom Example"}], 1), ensure_ascii=False)
    script, found = await ask([body(encode(page), **fields)])
    assert (found.rows[0]["carrier_name"], len(script.requests)) == ("Télécom Example", 1)


@pytest.mark.parametrize("total", [0, 0.0, "0"], ids=repr)
@pytest.mark.parametrize("data", [{"data": None}, {}], ids=["null", "left out"])
async def test_an_empty_list_that_comes_as_null_is_empty(data: dict[str, None], total: object) -> None:
    script, found = await ask([httpx.Response(200, json={**data, "meta": {"total_results": total}})])
    assert (found.rows, len(script.requests)) == ([], 1)


@pytest.mark.parametrize("total", [1, None, "1", -1, False], ids=repr)
async def test_null_in_place_of_rows_is_a_failure_that_is_not_tried_on_and_on(total: object) -> None:
    script, said = await failing([httpx.Response(200, json={"data": None, "meta": {"total_results": total}})],
                                 TelnyxUnavailable)  # fmt: skip
    assert len(script.requests) == 2
    assert "whose `data` is missing or null, not a list" in said


async def test_a_whole_page_that_cannot_be_read_is_named_with_row_and_cause_after_the_second_try() -> None:
    script, clock = Script([answered(b'{"id": "b", "x": }')], FakeClock()), FakeClock()
    async with open_client(script, clock) as client:
        with pytest.raises(TelnyxUnavailable) as raised:
            await client.fetch_list("/portouts", {"page[number]": "3"})
    assert len(script.requests) == 2
    assert str(raised.value) == (
        "GET /portouts (page[number]=3): the API answers the same twice and it cannot be read: an answer that is no "
        "whole JSON (row 2, character 40: Expecting value). Ask Telnyx about this page."
    )


async def test_a_page_that_is_unreadable_once_is_asked_for_again() -> None:
    script, found = await ask([answered(b"{,}"), answered(b"{;}"), good()])
    assert (found.rows, len(script.requests)) == (PAGE.rows, 3)


async def test_a_body_that_is_cut_off_in_the_same_place_is_asked_for_as_often_as_any() -> None:
    script, _ = await failing([body(b'{"data": [{"id": "a"}, {"id": "b", "x": "')], TelnyxUnavailable)
    assert len(script.requests) == ATTEMPTS


MAINTENANCE = httpx.Response(200, html="<h1>Maintenance</h1>")


async def test_a_server_that_has_only_ever_sent_pages_is_soon_taken_for_the_wrong_one() -> None:
    script, said = await failing([MAINTENANCE], TelnyxUnavailable)
    assert len(script.requests) == STRANGER_ATTEMPTS
    assert said == (
        f"GET /portouts: gave up after {STRANGER_ATTEMPTS} tries; the last one: api.example.test answered HTTP 200 "
        "with text/html, not JSON. Check TELNYX_BASE_URL, and whether a proxy answers in place of Telnyx."
    )


async def test_a_page_in_place_of_an_answer_may_pass() -> None:
    script, page = await ask([*[MAINTENANCE] * (STRANGER_ATTEMPTS - 1), good()])
    assert page == PAGE
    assert len(script.requests) == STRANGER_ATTEMPTS


async def test_an_api_that_was_understood_once_is_waited_for_as_long_as_any() -> None:
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


def caused_by(cause: BaseException) -> httpx.ConnectError:
    error = httpx.ConnectError("All connection attempts failed")
    error.__cause__ = OSError("All connection attempts failed")
    error.__cause__.__cause__ = cause
    return error


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
async def test_any_2xx_with_a_whole_envelope_counts(status: int) -> None:
    _, page = await ask([httpx.Response(status, json=BODY)])
    assert page == PAGE


async def test_waits_without_a_word_from_the_api_grow_and_stay_finite() -> None:
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


# Deadline


@pytest.mark.parametrize(
    ("failure", "tries"),
    [(httpx.ConnectError("refused"), 1), (httpx.ConnectTimeout("slow"), 2), (httpx.ProxyError("407"), 2)],
    ids=["refused", "silent", "refused by a proxy"],
)
async def test_where_nothing_listens_at_the_first_request_it_fails_soon(failure: Exception, tries: int) -> None:
    script, said = await failing([failure], TelnyxUnavailable, has_answered=False)
    assert len(script.requests) == tries
    assert "no whole answer from api.example.test" in said
    assert ("gave up" in said) == (tries > 1)


@pytest.mark.parametrize("first", [good(), httpx.Response(503), refusal(404, "1", "t", "d")], ids=["200", "503", "404"])
async def test_a_server_that_has_answered_once_is_waited_for_while_it_starts_anew(first: httpx.Response) -> None:
    clock = FakeClock()
    refused = [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")]
    script = Script([first, *refused * 3, good()], clock)
    async with open_client(script, clock) as client:
        if first.status_code != 503:
            with suppress(NotFound):
                await client.fetch_list("/portouts", {})
        assert await client.fetch_list("/portouts", {}) == PAGE
    assert len(script.requests) == ATTEMPTS


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (429, {"retry-after": "86400"}, "24 hours (Retry-After)"),
        (503, {"retry-after": "3600"}, "60 minutes (Retry-After)"),
        (429, {"retry-after": "Wed, 03 Jun 2026 12:00:00 GMT"}, "2 days (Retry-After)"),
        (429, {"x-ratelimit-reset": "301"}, "6 minutes (x-ratelimit-reset)"),
    ],
    ids=["a day", "an hour", "a date", "the reset of the limit"],
)
async def test_a_wait_longer_than_the_deadline_is_named_at_once(
    status: int, headers: dict[str, str], said: str
) -> None:
    clock = FakeClock()
    script, message = await failing([httpx.Response(status, headers=headers)], TelnyxUnavailable, clock)
    assert (len(script.requests), clock.naps) == (1, [])
    assert f"HTTP {status}: Telnyx asks to wait {said}, which is longer than request_deadline_seconds allows" in message
    assert "Run the sync again after 2026-06-0" in message


async def test_a_wait_that_does_not_fit_what_is_left_of_the_deadline_is_named() -> None:
    waits = [httpx.Response(429, headers={"retry-after": "200"})]
    script, message = await failing(waits, TelnyxUnavailable)
    assert len(script.requests) == 2
    assert "after 2026-06-01 12:06 UTC" in message


@pytest.mark.parametrize(("seconds", "tries"), [(1, 8), (45, 6), (100, 3), (400, 1)], ids=str)
async def test_a_server_that_is_slow_and_fails_is_given_up_within_the_deadline(seconds: int, tries: int) -> None:
    clock = FakeClock()

    def time_out(_request: httpx.Request) -> httpx.Response:
        clock.now += seconds
        raise httpx.ReadTimeout("slow")

    async with open_client(time_out, clock) as client:
        with pytest.raises(TelnyxUnavailable, match="ReadTimeout"):
            await client.fetch_list("/portouts", {})
        assert client.requests == tries
    assert clock.now - NOON.timestamp() < 300 + seconds


async def test_waiting_for_a_turn_under_a_rate_limit_is_no_part_of_the_deadline() -> None:
    clock = FakeClock()
    sent: list[float] = []

    def answer(_request: httpx.Request) -> httpx.Response:
        sent.append(clock.now)
        clock.now += 0.1
        return httpx.Response(200, json=BODY, headers={"x-ratelimit-limit": "10", "x-ratelimit-reset": "60"})

    async with open_client(answer, clock, deadline=Deadline(request_seconds=30, clock=clock)) as client:
        await asyncio.gather(*(client.fetch_list("/portouts", {}) for _ in range(80)))
    assert sent[-1] - sent[0] > 300


@pytest.mark.parametrize(
    "answer", [httpx.Response(503), httpx.Response(429, headers={"retry-after": "50"})], ids=["503", "429"]
)
async def test_a_sync_ends_at_its_deadline(answer: httpx.Response) -> None:
    clock = FakeClock()
    deadline = Deadline(sync_seconds=120, clock=clock)
    async with open_client(Script([good(), answer], clock), clock, deadline=deadline) as client:
        clock.now += 100
        await client.fetch_list("/portouts", {})
        with pytest.raises(TelnyxUnavailable, match=r"HTTP (503|429)"):
            await client.fetch_list("/portouts", {})
        assert clock.now - NOON.timestamp() <= 120
        clock.now += 100
        with pytest.raises(TelnyxUnavailable, match=r"the sync has taken 2 minutes.*sync_deadline_minutes"):
            await client.fetch_list("/portouts", {})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(503), "HTTP 503"),
        (httpx.Response(429, headers={"retry-after": "30"}), "HTTP 429: Telnyx asks to wait 30 seconds (Retry-After)"),
        (caused_by(ConnectionResetError(errno.ECONNRESET, "")), "(ConnectError: connection reset by peer)"),
    ],
    ids=["503", "429", "reset"],
)  # fmt: skip
async def test_the_reason_is_known_while_it_waits_and_gone_with_the_next_answer(answer: Answer, reason: str) -> None:
    clock = FakeClock()
    reasons: list[str] = []

    async def sleep(seconds: float) -> None:
        reasons.append(client.wait_reason())
        await FakeClock.sleep(clock, seconds)

    clock.sleep = sleep  # type: ignore[method-assign]  # of this one clock
    async with open_client(
        Script([answer, good()], clock), clock, watch=Watch(clock=clock, has_answered=True)
    ) as client:
        await client.fetch_list("/portouts", {})
        assert client.wait_reason() == "no answer yet from api.example.test"
    assert reasons
    assert all(reason in shown for shown in reasons)


def test_a_reason_is_shown_once_no_answer_has_come_for_a_while_and_not_again_and_again() -> None:
    clock, shown = FakeClock(), list[str]()
    watch = Watch(clock=clock, on_wait=shown.append)
    for reason, seconds in (("a", 1), ("a", 2), ("a", 2), ("b", 2), ("a", 2), ("a", 300)):
        clock.now += seconds
        watch.look(lambda reason=reason: reason)  # type: ignore[misc]  # mypy cannot infer it
    assert shown == ["a", "b", "a"]


@pytest.mark.parametrize("quiet", [True, False], ids=["no answer comes", "answers come"])
def test_whoever_asks_to_stop_is_obeyed_at_once_only_where_no_answer_comes(quiet: bool) -> None:
    clock = FakeClock()
    watch = Watch(clock=clock, is_stopping=lambda: True)
    clock.now += 5
    watch.look(lambda: "HTTP 503")
    if quiet:
        with pytest.raises(Interrupted, match=r"while waiting: HTTP 503\. What was loaded is kept"):
            watch.look(lambda: "HTTP 503")
    else:
        watch.note_answer()
        watch.look(lambda: "HTTP 503")


async def test_what_is_attended_is_ended_when_asked_to_stop() -> None:
    clock, ended = FakeClock(), asyncio.Event()

    async def work() -> None:
        try:
            clock.now += 5
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(Interrupted):
        await Watch(clock=clock, is_stopping=lambda: True).attend(work(), lambda: "")
    assert ended.is_set()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (1, "1 second"),
        (90, "90 seconds"),
        (121, "3 minutes"),
        (7_200, "2 hours"),
        (172_800, "2 days"),
    ],
    ids=str,
)
def test_a_length_of_time_format_duration_is_never_too_short(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


REFUSALS = [(401, KeyRejected), (403, PermissionDenied), (404, NotFound), (422, Unprocessable)]


@pytest.mark.parametrize(("status", "kind"), REFUSALS, ids=["401", "403", "404", "422"])
async def test_a_refusal_fails_at_once_in_the_words_of_the_api(status: int, kind: type[TelnyxRefused]) -> None:
    script, said = await failing([refusal(status, "10999", "No way", "The reason why.")], kind)
    assert len(script.requests) == 1
    advice = f" {kind.advice}" if kind.advice else ""
    assert said == f"GET /portouts: HTTP {status}: No way: The reason why [10999]." + advice


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308, 400, 402, 405, 409, 410, 418, 451], ids=str)
async def test_any_other_status_is_a_refusal_at_once_and_redirects_are_not_followed(status: int) -> None:
    answer = httpx.Response(status, headers={"location": "https://elsewhere.example.test/"})
    script, said = await failing([answer], TelnyxRefused)
    assert [request.url.host for request in script.requests] == ["api.example.test"]
    redirects = " It redirects to https://elsewhere.example.test/. Check TELNYX_BASE_URL."
    assert said == f"GET /portouts: HTTP {status}: no reason given that could be read." + (
        redirects if status < 400 else ""
    )


@pytest.mark.parametrize(
    ("location", "said"),
    [
        (f"https://user:{API_KEY}@h.test/login?key={API_KEY}#{API_KEY}", " It redirects to https://h.test/login."),
        (f"/v3/{API_KEY}", " It redirects to /v3/[key]."),
        (None, ""),
    ],
    ids=["credentials", "path", "none"],
)
async def test_a_redirect_is_named_without_what_may_be_secret(location: str | None, said: str) -> None:
    answer = httpx.Response(302, headers={"location": location} if location else {})
    _, message = await failing([answer], TelnyxRefused)
    advice = " Check TELNYX_BASE_URL." if said else ""
    assert message == "GET /portouts: HTTP 302: no reason given that could be read." + said + advice


async def test_the_request_id_helps_whoever_asks_telnyx() -> None:
    _, said = await failing([httpx.Response(404, headers={"x-request-id": "req-1"}, json={"errors": []})], NotFound)
    assert said.startswith("GET /portouts: HTTP 404 (request req-1): no reason given.")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(
            {"errors": [{"code": "1", "title": "A", "detail": "b"}, {"code": "2", "title": "C"}]},
            "A: b [1]; C [2]",
            id="several",
        ),
        pytest.param({"errors": [{"detail": "only detail"}]}, "only detail", id="detail only"),
        pytest.param({"errors": [{"code": 10015, "title": "T", "detail": None}]}, "T [10015]", id="numeric code"),
        pytest.param({"errors": []}, "no reason given", id="none"),
        pytest.param({"errors": [{}]}, "no reason given", id="empty"),
        *(
            pytest.param({"errors": errors}, "no reason given that could be read", id=name)
            for name, errors in {
                "null": None, "a text": "bad", "a number": 5, "an object": {"title": "x"}, "nulls": [None],
                "texts": ["bad"], "lists": [["bad"]],
            }.items()
        ),
        pytest.param({"message": "bad"}, "no reason given that could be read", id="no errors"),
        pytest.param(["bad"], "no reason given that could be read", id="a list"),
        pytest.param("bad", "no reason given that could be read", id="a bare text"),
        pytest.param(None, "no reason given that could be read", id="a bare null"),
    ],
)  # fmt: skip
async def test_errors_of_any_shape_are_quoted_or_said_to_be_unreadable(body: object, said: str) -> None:
    _, message = await failing([httpx.Response(400, json=body)], TelnyxRefused)
    assert message == f"GET /portouts: HTTP 400: {said}."


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422], ids=str)
async def test_a_page_of_html_is_never_quoted(status: int) -> None:
    clock = FakeClock()
    async with open_client(Script([httpx.Response(status, html="<h1>Proxy</h1>")], clock), clock) as client:
        with pytest.raises(TelnyxRefused, match="no reason given that could be read") as raised:
            await client.fetch_list("/portouts", {})
    assert "Proxy" not in str(raised.value)


def chain(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refusal(401, "10009", f"Bad key {API_KEY}", f"Bearer {API_KEY} is unknown"), id="echoed by a 401"),
        pytest.param(refusal(400, API_KEY, "T", "d"), id="echoed as a code"),
        pytest.param(httpx.Response(500, text=API_KEY), id="echoed by a 500"),
        pytest.param(httpx.Response(200, text=API_KEY), id="echoed by a 200"),
        pytest.param(httpx.Response(200, text="", headers={"content-type": API_KEY}), id="as a content type"),
        pytest.param(httpx.ReadError(f"Bearer {API_KEY}"), id="in a transport error"),
    ],
)
async def test_the_key_is_in_no_exception_no_repr_and_no_log(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    clock = FakeClock()
    client = open_client(Script([answer], clock), clock)
    async with client:
        with pytest.raises((TelnyxRefused, TelnyxUnavailable)) as raised:
            await client.fetch_list("/portouts", {})
    shown = [f"{error!r} {error}" for error in chain(raised.value)] + [repr(client), repr(BearerAuth(API_KEY))]
    assert API_KEY not in "\n".join([*shown, caplog.text])


async def answer_pages(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    body = b'{"data": []}'
    writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
    await writer.drain()
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("pasted", ["{}", "{}\n", " {}\r\n"], ids=["bare", "newline", "spaces"])
async def test_over_a_real_socket_a_pasted_key_works_and_stays_out_of_every_log(
    pasted: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = await asyncio.start_server(answer_pages, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    clock = FakeClock()
    async with (
        server,
        TelnyxClient(
            pasted.format(API_KEY), f"http://127.0.0.1:{port}/v2", rate_limit=RateLimit(Clock(clock, clock.sleep))
        ) as client,
    ):
        assert (await client.fetch_list("/portouts", {})).rows == []
    assert "httpcore" in {record.name.partition(".")[0] for record in caplog.records}
    assert API_KEY not in caplog.text


async def test_the_key_is_sent_as_a_bearer_token() -> None:
    script, _ = await ask([good()])
    assert script.requests[0].headers["authorization"] == f"Bearer {API_KEY}"


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
