"""The API's clock beside this machine's: what `Date` headers show, and what a sync by a wrong clock loads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from portouts.commands.jobs.sync import SyncOutcome, SyncRequest, run_sync
from portouts.errors import SettingsError
from portouts.report.status import read_status
from portouts.telnyx.client import TelnyxClient
from portouts.telnyx.clock import ApiClock, Clock, written_span
from portouts.telnyx.limits.rate_limit import RateLimit
from portouts.warehouse.warehouse import Warehouse
from portouts.windows import RESOLUTION
from portouts_sandbox import World
from simulated_account import Account

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANSWERS = """
    select portout_id, spell_number, pending_at, responded_at, response, response_hours, measured_by
    from marts.fct_responses order by all
"""
PORTS = "select portout_id, status, ported_at, ported_at_source from marts.fct_portouts order by all"


def dated(date: str, sent: datetime = NOON, received: datetime | None = None, **headers: str) -> ApiClock:
    clock = ApiClock()
    clock.learn({"date": date, **headers}, sent.timestamp(), (received or sent).timestamp())
    return clock


def http(instant: datetime) -> str:
    return format_datetime(instant, usegmt=True)


@pytest.mark.parametrize(
    "date", ["", "yesterday", "0", "Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 32 Foo 2026 99:99:99 GMT"]
)
def test_a_date_that_cannot_be_read_or_cannot_be_true_shows_no_clock(date: str) -> None:
    assert dated(date).date is None


@pytest.mark.parametrize(
    ("sent", "received", "ahead"),
    [
        (0 * HOUR, 0 * HOUR, 0 * HOUR),
        (3 * HOUR, 3 * HOUR, 3 * HOUR),
        (-1 * DAY, -1 * DAY, -1 * DAY),
        (-1 * HOUR, 1 * HOUR, 0 * HOUR),
    ],
    ids=["right", "ahead", "behind", "an answer that took two hours"],
)
def test_the_difference_of_the_clocks_is_the_part_that_no_slow_answer_explains(
    sent: timedelta, received: timedelta, ahead: timedelta
) -> None:
    assert dated(http(NOON), NOON + sent, NOON + received).ahead == ahead


def test_an_older_date_from_a_cache_is_ignored() -> None:
    clock = dated(http(NOON))
    clock.learn({"date": http(NOON - DAY)}, NOON.timestamp(), NOON.timestamp())
    assert clock.date == NOON


def test_an_answer_from_a_cache_is_dated_by_its_age() -> None:
    assert dated(http(NOON - HOUR), age="3600").date == NOON


@pytest.mark.parametrize(
    ("span", "text"),
    [(3 * HOUR, "3 h 0 min"), (-3 * HOUR, "3 h 0 min"), (120 * DAY, "120 d 0 h"), (timedelta(seconds=150), "2 min")],
)
def test_a_difference_is_written_in_its_two_largest_units(span: timedelta, text: str) -> None:
    assert written_span(span) == text


@dataclass
class Machine(Account):
    """An account synced by a machine whose clock is `ahead` of the API's, which may show its own or not."""

    ahead: timedelta = timedelta()
    shows_date: bool = True

    def now(self) -> datetime:
        return self.world.now + self.ahead

    def open_client(self, api_key: str, base_url: str, **given: Any) -> TelnyxClient:
        transport = httpx.ASGITransport(self.app)
        given["rate_limit"] = given.get("rate_limit") or RateLimit(Clock(lambda: self.now().timestamp()))
        return TelnyxClient(api_key, base_url, transport=transport if self.shows_date else Undated(transport), **given)

    def sync_now(self, **asked: Any) -> SyncOutcome:
        """Sync without `--as-of`, or with what is asked for."""
        request = SyncRequest(settings=self.checked(), **{"as_of": None, **asked})
        return run_sync(Warehouse(self.database), request, self.now, open_client=self.open_client)


@dataclass
class Undated(httpx.AsyncBaseTransport):
    """An API that shows no clock."""

    inner: httpx.AsyncBaseTransport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.inner.handle_async_request(request)
        del response.headers["date"]
        return response


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., Machine]:
    return lambda name="wrong", orders=400: machine_in(tmp_path / name, orders)


def machine_in(folder: Path, orders: int = 400) -> Machine:
    return Machine(World(orders, seed=3, starts_at=NOON - 90 * DAY, now=NOON), folder / "portouts.duckdb")


def clock_note(ahead: timedelta) -> str:
    side = "ahead of" if ahead > timedelta() else "behind"
    return f"This machine's clock is {written_span(ahead)} {side} the API's; the API's is used."


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, timedelta], Machine]:
    """Return a machine with a right clock after that many syncs, each so much later than the one before."""

    @cache
    def synced(syncs: int, step: timedelta) -> Machine:
        account = machine_in(tmp_path_factory.mktemp("right"))
        for number in range(syncs):
            if number:
                account.world.advance(step)
            account.sync_now()
        return account

    return synced


def require_as_with_a_right_clock(found: Machine, right: Machine) -> None:
    assert found.world.now == right.world.now
    assert found.ask(ANSWERS) == right.ask(ANSWERS)
    assert found.ask(PORTS) == right.ask(PORTS)
    [(until,)] = found.ask("select max(range_end) from raw.covered_ranges")
    assert until <= found.world.now + RESOLUTION
    assert read_status(found.database, found.world.now).as_of == found.world.now


@pytest.mark.slow
@pytest.mark.parametrize(
    "clocks",
    [[3 * HOUR] * 4, [-1 * DAY] * 4, [0 * HOUR, 120 * DAY, 0 * HOUR, 0 * HOUR], [5 * DAY, -30 * DAY, HOUR, -2 * HOUR]],
    ids=["three hours ahead for good", "a day behind for good", "120 days ahead once", "jumping"],
)
def test_a_wrong_clock_changes_no_answer(
    clocks: list[timedelta], machine: Callable[..., Machine], right: Callable[[int, timedelta], Machine]
) -> None:
    wrong, step = machine(), DAY + timedelta(minutes=7)
    for ahead in clocks:
        wrong.ahead = ahead
        outcome = wrong.sync_now()
        assert outcome.as_of == wrong.world.now
        assert outcome.report.notes == ([clock_note(ahead)] if ahead else [])
        wrong.world.advance(step)
    wrong.ahead = timedelta()
    wrong.sync_now()
    require_as_with_a_right_clock(wrong, right(len(clocks) + 1, step))


@pytest.mark.slow
@pytest.mark.parametrize(
    "clocks",
    [[0 * HOUR, 120 * DAY, 0 * HOUR], [3 * HOUR, 3 * HOUR, 3 * HOUR], [3 * HOUR, 5 * HOUR, 8 * HOUR]],
    ids=["120 days ahead once", "three hours ahead for good", "ever further ahead"],
)
def test_what_was_taken_for_covered_without_the_apis_clock_is_read_again(
    clocks: list[timedelta], machine: Callable[..., Machine], right: Callable[[int, timedelta], Machine]
) -> None:
    """Earlier versions kept no note of the API's clock."""
    wrong = machine()
    *before, last = clocks
    for ahead in before:
        wrong.ahead, wrong.shows_date = ahead, False
        assert not wrong.sync_now().report.notes
        wrong.world.advance(DAY)
    wrong.ahead, wrong.shows_date = last, True
    notes = wrong.sync_now().report.notes
    assert any("Everything is read again, once." in note for note in notes)
    require_as_with_a_right_clock(wrong, right(len(clocks), DAY))
    assert not any("Everything" in note for note in wrong.sync_now().report.notes)


@pytest.mark.slow
def test_an_earlier_instant_is_read_up_to_where_the_last_sync_went_beyond_the_apis_clock(
    machine: Callable[..., Machine],
) -> None:
    account = machine(orders=5)
    account.shows_date, account.ahead = False, 120 * DAY
    account.sync_now()
    account.shows_date = True
    outcome = account.sync_now(as_of=account.world.now)
    assert outcome.as_of == account.world.now
    assert account.ask("select max(as_of) from marts.rpt_sync") == [(account.world.now,)]


@pytest.mark.slow
def test_an_instant_in_the_past_is_read_up_to_whatever_the_apis_clock(machine: Callable[..., Machine]) -> None:
    account = machine()
    account.ahead = 90 * DAY
    outcome = account.sync_now(as_of=account.world.now - DAY)
    assert (outcome.as_of, outcome.report.notes) == (account.world.now - DAY, [])


@pytest.mark.slow
def test_an_instant_may_have_microseconds(machine: Callable[..., Machine]) -> None:
    account = machine(orders=5)
    asked = account.world.now - timedelta(microseconds=1_999)
    assert account.sync_now(as_of=asked).as_of == asked
    assert account.verify(until=asked, since=asked - DAY).certificate.verdict == "PROVEN"


@pytest.mark.slow
def test_an_instant_beyond_the_apis_clock_is_not_read_up_to(machine: Callable[..., Machine]) -> None:
    account = machine()
    outcome = account.sync_now(as_of=account.world.now + DAY)
    assert outcome.as_of == account.world.now
    assert outcome.report.notes == [
        "2026-06-02T12:00:00+00:00 lies 1 d 0 h after the API's own clock; read up to 2026-06-01T12:00:00+00:00."
    ]


@pytest.mark.slow
def test_a_clock_that_is_right_costs_no_request_and_a_wrong_one_costs_one(machine: Callable[..., Machine]) -> None:
    requests = {}
    for name, ahead, shows_date in [
        ("right", 0 * HOUR, True),
        ("no date", 0 * HOUR, False),
        ("ahead", 3 * HOUR, True),
        ("behind", -3 * HOUR, True),
    ]:
        account = machine(name, 20)
        account.sync_now()
        account.ahead, account.shows_date = ahead, shows_date
        requests[name] = account.sync_now().report.requests
    assert requests["right"] == requests["no date"] == requests["ahead"] - 1 == requests["behind"] - 1


@pytest.mark.slow
@pytest.mark.parametrize("since", [0 * DAY, 2 * DAY], ids=["before the last sync", "long before"])
def test_an_instant_before_the_last_sync_is_refused(since: timedelta, machine: Callable[..., Machine]) -> None:
    account = machine(orders=5)
    account.sync_now()
    with pytest.raises(SettingsError, match="lies before the last sync"):
        account.sync_now(as_of=account.world.now - since - HOUR)


@pytest.mark.slow
def test_a_clock_set_back_is_refused_where_the_api_shows_none(machine: Callable[..., Machine]) -> None:
    account = machine(orders=5)
    account.shows_date = False
    account.sync_now()
    account.ahead = -HOUR
    with pytest.raises(SettingsError, match="this machine's clock"):
        account.sync_now()


@pytest.mark.slow
def test_a_clock_that_was_a_little_ahead_is_no_reason_to_refuse_the_next_sync(machine: Callable[..., Machine]) -> None:
    account = machine(orders=5)
    account.shows_date, account.ahead = False, timedelta(minutes=20)
    account.sync_now()
    account.shows_date, account.ahead = True, timedelta()
    outcome = account.sync_now()
    assert (outcome.as_of, outcome.report.notes) == (account.world.now, [])


def test_since_a_day_that_the_apis_clock_has_not_reached_is_refused(machine: Callable[..., Machine]) -> None:
    account = machine(orders=5)
    account.ahead = 3 * DAY
    with pytest.raises(SettingsError, match="lies after"):
        account.sync_now(since=account.world.now + DAY)


@pytest.mark.slow
def test_what_lies_beyond_the_apis_clock_is_not_certified(machine: Callable[..., Machine]) -> None:
    account = machine(orders=40)
    account.shows_date, account.ahead = False, 120 * DAY
    account.sync_now()
    account.shows_date, account.ahead = True, timedelta()
    outcome = account.verify()
    assert outcome.certificate.verdict == "UNPROVEN"
    assert "the API's clock is at 2026-06-01" in outcome.comparison.unproven[0]
    account.sync_now()
    assert account.verify().certificate.verdict == "PROVEN"
