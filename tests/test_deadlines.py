"""How long a request and a sync may take, and what happens while no answer comes."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING

import httpx
import pytest
from fake_transport import NOON, Answer, FakeClock, Script, open_client
from portouts.errors import Interrupted
from portouts.telnyx.errors import (
    TelnyxUnavailable,
)
from portouts.telnyx.limits.deadlines import Deadline, Watch, format_duration
from scripted_client import BODY, caused_by, failing, good

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.anyio


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
async def test_a_wait_longer_than_the_deadline_fails_at_once_and_is_named(
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
async def test_a_slow_server_that_fails_is_given_up_within_the_deadline(seconds: int, tries: int) -> None:
    clock = FakeClock()

    def time_out(_request: httpx.Request) -> httpx.Response:
        clock.now += seconds
        raise httpx.ReadTimeout("slow")

    async with open_client(time_out, clock) as client:
        with pytest.raises(TelnyxUnavailable, match="ReadTimeout"):
            await client.fetch_list("/portouts", {})
        assert client.requests == tries
    assert clock.now - NOON.timestamp() < 300 + seconds


async def test_the_time_for_which_a_rate_limit_holds_a_request_back_does_not_count() -> None:
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
async def test_the_reason_for_a_wait_is_known_until_the_next_answer(answer: Answer, reason: str) -> None:
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


def test_a_reason_is_shown_when_no_answer_has_come_for_a_while_and_not_repeated_at_once() -> None:
    clock, shown = FakeClock(), list[str]()
    watch = Watch(clock=clock, on_wait=shown.append)
    for reason, seconds in (("a", 1), ("a", 2), ("a", 2), ("b", 2), ("a", 2), ("a", 300)):
        clock.now += seconds
        watch.look(lambda reason=reason: reason)  # type: ignore[misc]  # mypy cannot infer it
    assert shown == ["a", "b", "a"]


@pytest.mark.parametrize("quiet", [True, False], ids=["no answer comes", "answers come"])
def test_a_request_to_stop_ends_the_wait_only_if_no_answer_comes(quiet: bool) -> None:
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


async def test_work_is_cancelled_when_the_sync_is_asked_to_stop() -> None:
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
def test_a_duration_in_words_is_never_too_short(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words
