"""How long the API's headers make a request wait, and how far a limit is used, in simulated time."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from email.utils import format_datetime
from itertools import chain, pairwise, repeat
from random import Random
from typing import TYPE_CHECKING

import httpx
import pytest
from fake_transport import API_KEY, BASE_URL, NOON, FakeClock, envelope
from hypothesis import given
from hypothesis import strategies as st
from portouts.telnyx.client import TelnyxClient
from portouts.telnyx.clock import Clock
from portouts.telnyx.limits.deadlines import Deadline
from portouts.telnyx.limits.rate_limit import LONGEST_WAIT, RateLimit, seconds_to_wait
from portouts.telnyx.limits.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

NOW = NOON.timestamp()
DATE = {"date": "Mon, 01 Jun 2026 12:00:00 GMT"}
AN_HOUR = 3600.0


def held_for(headers: Mapping[str, str], *, failed: bool = False, limited: bool = False, now: float = NOW) -> float:
    """Return for how many simulated seconds the next request is held after an answer with these headers."""
    clock = FakeClock(now)
    rate_limit = RateLimit(Clock(clock, clock.sleep))
    rate_limit.learn(headers, failed=failed, limited=limited)
    asyncio.run(take_a_slot(rate_limit))
    return clock.now - now


async def take_a_slot(rate_limit: RateLimit) -> None:
    async with rate_limit.slot():
        pass


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "7"}, 7, id="seconds"),
        pytest.param({"retry-after": " 7 "}, 7, id="seconds with spaces"),
        pytest.param({"retry-after": "1.5"}, 1.5, id="fraction"),
        pytest.param({"retry-after": "0"}, 0, id="zero"),
        pytest.param({"retry-after": "Mon, 01 Jun 2026 12:00:09 GMT"}, 9, id="date"),
        pytest.param({"retry-after": "Mon, 01 Jun 2026 12:00:09 GMT"} | DATE, 9, id="date beside a Date"),
        pytest.param({"retry-after": "Mon, 01 Jun 2026 14:00:09 +0200"}, 9, id="date with offset"),
        pytest.param({"retry-after": "Mon Jun  1 12:00:09 2026"}, 9, id="date in C style"),
        pytest.param({"retry-after": "Mon, 01 Jun 2026 11:00:00 GMT"}, 0, id="date gone by"),
        pytest.param({"retry-after": "300"}, LONGEST_WAIT, id="as long as is waited at most"),
        pytest.param({"x-ratelimit-reset": "11"}, 11, id="reset in seconds"),
        pytest.param({"x-ratelimit-reset": "11, 60;window=60"}, 11, id="reset as a list"),
        pytest.param({"x-ratelimit-reset": f"{NOW + 13:.0f}"}, 13, id="reset as an epoch"),
        pytest.param({"x-ratelimit-reset": f"{NOW + 13:.0f}"} | DATE, 13, id="reset as an epoch beside a Date"),
        pytest.param({"x-ratelimit-reset": f"{NOW - 13:.0f}"}, 0, id="epoch gone by"),
        pytest.param({"x-ratelimit-reset": f"{NOW * 1000 + 13_000:.0f}"}, 13, id="epoch in milliseconds"),
        pytest.param({"retry-after": "3", "x-ratelimit-reset": "11"}, 3, id="Retry-After goes before reset"),
        pytest.param(
            {"retry-after": "soon", "x-ratelimit-reset": "11"}, 11, id="reset where Retry-After is unreadable"
        ),
        pytest.param({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "60"}, 0, id="reset while some are left"),
        pytest.param({}, 0, id="nothing said"),
    ],
)
def test_a_refusal_holds_the_next_request_as_long_as_it_says(headers: dict[str, str], seconds: float) -> None:
    assert held_for(headers, failed=True, limited=True) == seconds


A_YEAR = 366 * 24 * AN_HOUR


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "301"}, 301, id="a second more than is waited"),
        pytest.param({"retry-after": "86400"}, 24 * AN_HOUR, id="a day"),
        pytest.param({"retry-after": "Sun, 01 Jun 2036 12:00:00 GMT"}, A_YEAR, id="ten years, taken for one"),
        pytest.param({"retry-after": "9" * 400}, A_YEAR, id="more than a float holds"),
        pytest.param({"x-ratelimit-reset": f"{NOW + AN_HOUR:.0f}"}, AN_HOUR, id="reset in an hour"),
    ],
)
def test_a_wait_too_long_to_obey_is_reported_and_holds_no_request(headers: dict[str, str], seconds: float) -> None:
    rate_limit = RateLimit(Clock(FakeClock()))
    assert rate_limit.learn(headers, failed=True, limited=True) == seconds
    assert rate_limit.seconds_held() == 0


@pytest.mark.parametrize("wrong_by", [-AN_HOUR, AN_HOUR, -NOW], ids=["slow", "fast", "at the epoch"])
@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "Mon, 01 Jun 2026 12:00:09 GMT"},
        {"x-ratelimit-reset": f"{NOW + 9:.0f}"},
    ],
    ids=["Retry-After", "x-ratelimit-reset"],
)
def test_a_wrong_local_clock_does_not_matter_where_the_answer_has_a_date(
    headers: dict[str, str], wrong_by: float
) -> None:
    assert held_for(headers | DATE, failed=True, limited=True, now=NOW + wrong_by) == 9


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "5"}, 5, id="none left"),
        pytest.param(
            {"x-ratelimit-remaining": "0, 20;window=1", "x-ratelimit-reset": "5"}, 5, id="none left, as a list"
        ),
        pytest.param({"x-ratelimit-remaining": "0"}, 0, id="none left, no reset"),
        pytest.param({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "5"}, 0, id="one left"),
        pytest.param({"x-ratelimit-remaining": "many", "x-ratelimit-reset": "5"}, 0, id="unreadable"),
        pytest.param({"x-ratelimit-reset": "5"}, 0, id="only a reset"),
        pytest.param({"retry-after": "5"}, 0, id="only Retry-After"),
    ],
)
def test_a_success_holds_the_next_request_only_when_none_is_left(headers: dict[str, str], seconds: float) -> None:
    assert held_for(headers) == seconds


def test_the_reset_of_the_limit_says_nothing_about_a_broken_server() -> None:
    assert held_for({"x-ratelimit-remaining": "19", "x-ratelimit-reset": "1"}, failed=True) == 0
    assert held_for({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, failed=True) == 1


def test_a_later_shorter_wait_does_not_end_a_longer_one() -> None:
    clock = FakeClock()
    rate_limit = RateLimit(Clock(clock, clock.sleep))
    rate_limit.learn({"retry-after": "30"}, failed=True)
    rate_limit.learn({"retry-after": "2"}, failed=True)
    asyncio.run(take_a_slot(rate_limit))
    assert clock.now - NOW == 30


def test_a_clock_set_back_while_a_request_is_held_prolongs_it_by_no_more_than_the_longest_wait() -> None:
    clock = FakeClock()
    rate_limit = RateLimit(Clock(clock, clock.sleep))
    rate_limit.learn({"retry-after": "30"}, failed=True)
    clock.now -= 24 * AN_HOUR
    asyncio.run(take_a_slot(rate_limit))
    assert clock.naps == [LONGEST_WAIT]


HEADER_PARTS = st.sampled_from(
    [
        "Mon,",
        "Jan",
        "1",
        "31",
        "9999",
        "0",
        "00:00:00",
        "99:99:99",
        "GMT",
        "+0000",
        "-2400",
        "+" + "9" * 20,
        ".",
        ",",
        "-5",
        "é",
    ]
)
HEADER_TEXTS = st.one_of(st.text(max_size=40), st.lists(HEADER_PARTS, max_size=7).map(" ".join))


@given(HEADER_TEXTS, HEADER_TEXTS, HEADER_TEXTS, HEADER_TEXTS)
def test_no_header_can_crash_us_or_hold_us_longer_than_the_longest_wait(
    retry_after: str, reset: str, remaining: str, date: str
) -> None:
    headers = {
        "retry-after": retry_after, "x-ratelimit-reset": reset, "x-ratelimit-remaining": remaining, "date": date,
    }  # fmt: skip
    assert 0 <= held_for(headers, failed=True, limited=True) <= LONGEST_WAIT


def test_an_offset_beyond_all_bounds_is_an_unreadable_date() -> None:
    assert seconds_to_wait({"retry-after": "Mon, 01 Jun 2026 12:00:00 +99999999999999999999"}, NOW) is None


def test_every_date_that_can_be_written_is_read_to_the_second() -> None:
    assert seconds_to_wait({"retry-after": format_datetime(NOON, usegmt=True)}, NOW - 42) == 42


class VirtualTime(asyncio.SelectorEventLoop):
    """An event loop that never waits: its clock is set forward instead."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0  # an epoch would leave too few digits for the loop's own clock resolution
        look = self._selector.select  # type: ignore[attr-defined]  # asyncio does not declare its selector

        def set_forward(timeout: float | None) -> object:
            self._now += timeout or 0.0
            return look(0)

        self._selector.select = set_forward  # type: ignore[attr-defined]  # as above

    def time(self) -> float:
        return self._now


class Limiter:
    """A limit of so many requests in a window, counted as one kind of API counts them."""

    def __init__(self, kind: str, limit: int, window: float, *, states_limit: bool = True) -> None:
        self.kind, self.limit, self.window, self.states_limit = kind, limit, window, states_limit
        self.allowed: list[float] = []
        self.refused: list[float] = []
        self.began = -AN_HOUR
        self.tokens = float(limit)

    def take(self, now: float) -> tuple[bool, dict[str, str]]:
        used = self._used(now)
        is_allowed = used + 1 <= self.limit
        (self.allowed if is_allowed else self.refused).append(now)
        self.tokens -= is_allowed
        end = now + self.window if self.kind in {"sliding", "bucket"} else self.began + self.window
        stated = {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(max(int(self.limit - used - 1), 0)),
            "x-ratelimit-reset": str(math.ceil(round(end - now, 6))),
        }
        return is_allowed, stated if self.states_limit else {}

    def _used(self, now: float) -> float:
        if self.kind == "sliding":
            return sum(at > now - self.window for at in self.allowed)
        if self.kind == "bucket":
            self.tokens = min(self.limit, self.tokens + (now - self.began) * self.limit / self.window)
            self.began = now
            return self.limit - int(self.tokens)
        if now - self.began >= self.window:
            self.began = now if self.kind == "from the first request" else now - now % self.window
        used = sum(at >= self.began for at in self.allowed)
        if self.kind == "two windows, weighed":
            before = sum(self.began - self.window <= at < self.began for at in self.allowed)
            return used + before * (1 - (now - self.began) / self.window)
        return used


class RefusesAtRandom(Limiter):
    """A limit that also refuses a share of the requests that it would allow, whatever the pace."""

    def __init__(self, limit: int, share: float, said: dict[str, str], *, states_limit: bool = True) -> None:
        super().__init__("sliding", limit, 1.0, states_limit=states_limit)
        self.share, self.said, self.rng = share, said, Random(3)

    def take(self, now: float) -> tuple[bool, dict[str, str]]:
        is_allowed, stated = super().take(now)
        if is_allowed and self.rng.random() < self.share:
            self.refused.append(self.allowed.pop())
            return False, stated | self.said
        return is_allowed, stated


@dataclass
class Reading:
    """Eight readers under a limit for so many virtual seconds; each asks again as soon as it has an answer."""

    limiter: Limiter
    seconds: float
    way: Callable[[Random], float]
    """Draws how many seconds a request takes to the API, and its answer back."""
    late_by: float = 0.0
    """How many seconds too late the machine wakes a reader."""
    rng: Random = field(default_factory=lambda: Random(7))

    async def read(self) -> None:
        rate_limit = RateLimit(
            Clock(asyncio.get_running_loop().time, lambda seconds: asyncio.sleep(seconds + self.late_by))
        )
        await asyncio.gather(*(self._ask_on_and_on(rate_limit) for _ in range(8)))

    async def read_beside_somebody(self, requests_per_second: float, until: float) -> None:
        await asyncio.gather(self.read(), self._somebody(1 / requests_per_second, until))

    async def _ask_on_and_on(self, rate_limit: RateLimit) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < self.seconds:
            async with rate_limit.slot():
                await asyncio.sleep(self.way(self.rng))
                is_allowed, headers = self.limiter.take(loop.time())
                await asyncio.sleep(self.way(self.rng))
                rate_limit.learn(headers, failed=not is_allowed, limited=not is_allowed)
            if not is_allowed:
                await asyncio.sleep(self.rng.uniform(0.5, 1.5))

    async def _somebody(self, seconds: float, until: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            await asyncio.sleep(seconds * self.rng.uniform(0.5, 1.5))
            self.limiter.take(loop.time())


def near(rng: Random) -> float:
    return 0.03 * rng.uniform(0.1, 0.5)


def far(rng: Random) -> float:
    return 0.05 * rng.uniform(1, 1.02)


def run(coroutine: Coroutine[object, object, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        runner.run(coroutine)


def share_used(limiter: Limiter, windows: int, first: int = 2) -> float:
    """Return the share of the limit that was used from window `first` on, before window `windows`."""
    settled = [at for at in limiter.allowed if first * limiter.window <= at < windows * limiter.window]
    return len(settled) / (limiter.limit * (windows - first))


KINDS = ["from the first request", "by the clock", "sliding", "bucket"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("limit", "window"), [(20, 1.0), (100, 60.0), (5, 1.0)])
def test_a_stated_limit_is_used_up_and_not_overstepped_after_its_first_window(
    kind: str, limit: int, window: float
) -> None:
    limiter = Limiter(kind, limit, window)
    run(Reading(limiter, 20 * window, near).read())
    assert [at for at in limiter.refused if at > window] == []
    assert share_used(limiter, 20) >= 0.97


@pytest.mark.parametrize("kind", KINDS)
def test_under_a_limit_per_second_a_long_round_trip_costs_half_of_its_time(kind: str) -> None:
    limiter = Limiter(kind, 20, 1.0)
    run(Reading(limiter, 60, far).read())
    assert [at for at in limiter.refused if at > limiter.window] == []
    assert share_used(limiter, 60) >= 0.94


def test_under_a_limit_per_second_waking_up_late_costs_less_than_the_delay() -> None:
    limiter = Limiter("sliding", 20, 1.0)
    run(Reading(limiter, 60, near, late_by=0.002).read())
    assert share_used(limiter, 60) >= 0.975


def test_first_round_trips_that_had_to_connect_do_not_count_as_the_quickest() -> None:
    limiter = Limiter("sliding", 8, 1.0)
    # The eight readers' first requests.
    ways = chain([0.4] * 8, repeat(0.005))
    run(Reading(limiter, 20, lambda _: next(ways)).read())
    assert [at for at in limiter.refused if at > limiter.window] == []


@pytest.mark.parametrize(("limit", "window", "apart"), [(20, 1.0, 0.05), (100, 60.0, 0.01)])
def test_the_requests_of_a_window_go_out_one_after_another_and_within_its_first_second(
    limit: int, window: float, apart: float
) -> None:
    limiter = Limiter("sliding", limit, window)
    run(Reading(limiter, 5 * window, lambda _: 0.001).read())
    settled = [at for at in limiter.allowed if at >= 2 * window]
    assert min(after - at for at, after in pairwise(settled)) >= 0.49 * apart
    assert settled[limit - 1] - settled[0] <= 1 + 0.01 * limit


@pytest.mark.parametrize(("limit", "window"), [(20, 1.0), (100, 60.0)])
def test_an_api_that_weighs_the_window_before_seldom_refuses(limit: int, window: float) -> None:
    limiter = Limiter("two windows, weighed", limit, window)
    run(Reading(limiter, 40 * window, near).read())
    assert len([at for at in limiter.refused if at > 2 * window]) < len(limiter.allowed) / 50
    assert share_used(limiter, 40) >= 0.75


@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_that_somebody_else_uses_too_is_shared(kind: str) -> None:
    limiter = Limiter(kind, 20, 1.0)
    run(Reading(limiter, 100, near).read_beside_somebody(8, until=100))
    assert len(limiter.refused) < len(limiter.allowed) / 20
    assert share_used(limiter, 100) >= 0.8


def test_a_limit_that_somebody_else_shared_is_used_up_again_when_they_are_gone() -> None:
    limiter = Limiter("sliding", 20, 1.0)
    run(Reading(limiter, 200, near).read_beside_somebody(8, until=50))
    assert share_used(limiter, 50) < 0.9
    assert share_used(limiter, 200, first=150) >= 0.97


@pytest.mark.parametrize("kind", KINDS)
def test_an_unstated_limit_is_found_with_few_refusals(kind: str) -> None:
    limiter = Limiter(kind, 20, 1.0, states_limit=False)
    run(Reading(limiter, 120, near).read())
    assert len(limiter.refused) < len(limiter.allowed) / 10
    assert share_used(limiter, 120) >= 0.6


@pytest.mark.parametrize(("answered", "allowed"), [(30, 20), (1, 1)], ids=str)
def test_an_unstated_limit_is_first_guessed_a_third_below_what_was_answered_in_the_last_second(
    answered: int, allowed: int
) -> None:
    clock = FakeClock()
    rate_limit = RateLimit(Clock(clock, clock.sleep))

    async def read() -> None:
        for _ in range(answered):
            async with rate_limit.slot():
                clock.now += 0.5 / answered
        rate_limit.learn({}, failed=True, limited=True)
        clock.now += 1
        for _ in range(allowed + 1):
            async with rate_limit.slot():
                pass

    asyncio.run(read())
    assert len(clock.naps) == 1


def test_a_limit_that_is_not_used_up_makes_no_request_wait() -> None:
    limiter = Limiter("sliding", 20, 1.0)
    run(Reading(limiter, 0.05, lambda _: 0.02).read())
    assert limiter.allowed == pytest.approx([0.02] * 8 + [0.06] * 8)


WAIT = {"retry-after": "1"}
NONE_LEFT = {"x-ratelimit-remaining": "0"}
NO_LIMIT = 1_000_000


@pytest.mark.parametrize(
    ("limit", "states_limit", "said", "per_second"),
    [
        pytest.param(NO_LIMIT, False, {}, 4.5, id="no limit"),
        pytest.param(NO_LIMIT, False, WAIT, 14, id="no limit, Retry-After"),
        pytest.param(20, True, {}, 12, id="a stated limit"),
        pytest.param(20, True, WAIT, 7, id="a stated limit, Retry-After"),
        pytest.param(20, True, WAIT | NONE_LEFT, 4, id="a stated limit, none left"),
    ],
)
def test_one_refusal_in_seven_at_random_does_not_keep_the_pace_low(
    limit: int, states_limit: bool, said: dict[str, str], per_second: float
) -> None:
    limiter = RefusesAtRandom(limit, 0.15, said, states_limit=states_limit)
    run(Reading(limiter, 60, near).read())
    assert len(limiter.allowed) >= 60 * per_second


@pytest.mark.parametrize(("said", "share"), [({}, 0.7), (NONE_LEFT, 0.3)], ids=["some left", "none left"])
def test_one_refusal_in_twenty_at_random_leaves_enough_of_a_stated_limit(said: dict[str, str], share: float) -> None:
    limiter = RefusesAtRandom(20, 0.05, said)
    run(Reading(limiter, 100, near).read())
    assert share_used(limiter, 100) >= share


# Each kind of limit, and the refusals of two minutes while every refusal was taken for a full limit.
REFUSALS_UNSTATED = {"from the first request": 21, "by the clock": 22, "sliding": 22, "bucket": 18}


@pytest.mark.parametrize(("kind", "refusals"), REFUSALS_UNSTATED.items())
def test_an_unstated_limit_refuses_no_more_because_others_refuse_at_random(kind: str, refusals: int) -> None:
    limiter = Limiter(kind, 20, 1.0, states_limit=False)
    run(Reading(limiter, 120, near).read())
    assert len(limiter.refused) <= refusals


A_MINUTE = {"x-ratelimit-limit": "200", "x-ratelimit-remaining": "150", "x-ratelimit-reset": "60"}


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        pytest.param({}, WAIT, id="Retry-After"),
        pytest.param(A_MINUTE, A_MINUTE | WAIT, id="a limit per minute, Retry-After"),
        pytest.param(A_MINUTE, A_MINUTE, id="a limit per minute with many left"),
    ],
)
def test_a_first_load_of_57_requests_refused_at_random_takes_at_most_20_simulated_seconds(
    stated: dict[str, str], said: dict[str, str]
) -> None:
    """Four counts, two lists of twenty pages, and the rest."""
    rng = Random(1)
    ended_at = 0.0

    async def answer(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.02)
        if rng.random() < 0.15:
            return httpx.Response(429, headers=said)
        return httpx.Response(200, headers=stated, json=envelope([], 0))

    async def load() -> None:
        nonlocal ended_at
        now = asyncio.get_running_loop().time
        rate_limit = RateLimit(Clock(now, asyncio.sleep))
        transport = httpx.MockTransport(answer)
        async with TelnyxClient(
            API_KEY, BASE_URL, deadline=Deadline(clock=now), rate_limit=rate_limit, transport=transport
        ) as client:
            for pages in (4, 20, 20, 13):
                await asyncio.gather(*(client.fetch_list("/portouts", {}) for _ in range(pages)))
            assert client.requests > 57
        ended_at = now()

    run(load())
    assert ended_at <= 20


@pytest.mark.parametrize(
    ("answers", "is_full", "are_scattered"),
    [
        pytest.param("x", False, False, id="one"),
        pytest.param("....xx", False, False, id="two in a row"),
        pytest.param("....xxx", True, False, id="three in a row"),
        pytest.param("..x..x...x", False, True, id="three, and answers between them"),
        pytest.param("x.x.x.x.x.x.x.x", True, False, id="every other one"),
        pytest.param("xxx" + 20 * ".", False, False, id="long ago"),
    ],
)
def test_refusals_in_a_row_or_many_are_of_a_full_limit_and_several_apart_are_scattered(
    answers: str, is_full: bool, are_scattered: bool
) -> None:
    refusals = Refusals()
    for answer in answers:
        refusals.add(is_refused=answer == "x")
    assert (refusals.are_of_a_full_limit, refusals.are_scattered) == (is_full, are_scattered)


@pytest.mark.parametrize(
    ("answers", "said", "seconds"),
    [
        pytest.param("x", WAIT, 1, id="the first"),
        pytest.param("x..x..x", WAIT, 0, id="scattered"),
        pytest.param("x..x..x", WAIT | NONE_LEFT, 1, id="scattered, and none is left"),
        pytest.param("..xxx", WAIT, 1, id="in a row"),
    ],
)
def test_a_refusal_holds_other_requests_unless_refusals_are_scattered(
    answers: str, said: dict[str, str], seconds: float
) -> None:
    clock = FakeClock()
    rate_limit = RateLimit(Clock(clock, clock.sleep))
    waits = []
    for answer in answers:
        clock.now += 10
        is_refused = answer == "x"
        waits.append(rate_limit.learn(said if is_refused else {}, failed=is_refused, limited=is_refused))
    assert (waits[-1], rate_limit.seconds_held()) == (1, seconds)


def test_a_clock_set_back_under_a_limit_holds_a_request_no_longer_than_its_place_in_the_window() -> None:
    clock = FakeClock()
    rate_limit = RateLimit(Clock(clock, clock.sleep))
    rate_limit.learn({"x-ratelimit-limit": "2", "x-ratelimit-remaining": "1", "x-ratelimit-reset": "1"})
    for _ in range(3):
        asyncio.run(take_a_slot(rate_limit))
    clock.now -= AN_HOUR
    asyncio.run(take_a_slot(rate_limit))
    assert clock.naps == pytest.approx([1, 0.5])


@pytest.mark.parametrize("limit", [3, 7, 20, 23])
def test_no_wait_is_so_short_that_a_clock_of_microseconds_stands_still(limit: int) -> None:
    clock = FakeClock()

    async def sleep(seconds: float) -> None:
        assert round(seconds, 6) > 0
        await clock.sleep(round(seconds, 6))

    async def take_slots(rate_limit: RateLimit) -> None:
        for _ in range(10 * limit):
            async with rate_limit.slot():
                await clock.sleep(0.0123)

    rate_limit = RateLimit(Clock(lambda: round(clock.now, 6), sleep))
    rate_limit.learn({"x-ratelimit-limit": f"{limit}", "x-ratelimit-remaining": "1", "x-ratelimit-reset": "1"})
    asyncio.run(take_slots(rate_limit))
