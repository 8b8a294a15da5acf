"""Which version of an order a sync takes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pyarrow as pa
import pytest
from fake_transport import ListServer, open_client, read_in_one
from portouts.errors import NotProven
from portouts.extract.intake import Intake
from portouts.extract.list_reader import Read
from portouts.extract.options import SyncOptions, SyncReport
from portouts.extract.run import SyncRun
from portouts.extract.state import SyncState
from portouts.extract.upper_bound import UpperBound
from portouts.records.arrow import events_table, orders_table
from portouts.telnyx.clock import ApiClock
from portouts.telnyx.errors import PermissionDenied
from portouts.telnyx.page import Page
from portouts.telnyx.queries import Axis, ListQuery
from portouts.windows import Window

INSERTED_AT = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
Row = dict[str, Any]


@dataclass
class Replicas:
    """Lists of orders answered by several machines, of which some may lag: what is shown depends on the filter."""

    ported: list[Row] = field(default_factory=list)
    inserted: list[Row] = field(default_factory=list)
    api_clock: ApiClock = field(default_factory=ApiClock)

    async def fetch_list(self, path: str, params: Mapping[str, str], row_type: object = None) -> Page:  # noqa: ARG002  # as the API's
        rows = self.ported if "filter[ported_out_at][gte]" in params else self.inserted
        status = params.get("filter[status]")
        rows = [dict(row) for row in rows if status in {None, row["status"]}] if params["page[number]"] == "1" else []
        return Page(rows, len(rows), 250)

    async def fetch_one(self, _path: str) -> Row:
        raise AssertionError("every order stands in a list")


def order(status: str, updated_at: datetime) -> Row:
    return {
        "id": "a",
        "status": status,
        "inserted_at": INSERTED_AT.isoformat(),
        "updated_at": updated_at.isoformat(),
    }


def sync(api: Replicas, state: SyncState, as_of: datetime) -> list[datetime]:
    """Read one sync in one package; return the versions that it loads."""
    tables = asyncio.run(read_in_one(SyncRun(api, SyncOptions(as_of, events=False), state)))
    versions: list[datetime] = tables["portouts"]["updated_at"].to_pylist()
    return versions


def test_a_full_sync_that_was_killed_goes_on_keeping_the_newest_version() -> None:
    """It leaves nothing covered, as before a first load, which takes each order as it comes."""
    state, ported = SyncState(), order("ported", INSERTED_AT + DAY)
    everywhere = Replicas(ported=[ported], inserted=[ported])
    assert sync(everywhere, state, INSERTED_AT + 2 * DAY) == [INSERTED_AT + DAY]
    state.forget_ranges()  # as the first package of a full sync does, before it is killed
    lagging = Replicas(ported=[order("ported", INSERTED_AT + 3 * DAY)], inserted=[ported])
    assert sync(lagging, state, INSERTED_AT + 4 * DAY) == [INSERTED_AT + 3 * DAY]


class Misreporting(Replicas):
    """Counts one order more than it shows."""

    async def fetch_list(self, path: str, params: Mapping[str, str], row_type: object = None) -> Page:
        page = await super().fetch_list(path, params, row_type)
        return replace(page, total=(page.total or 0) + 1)


def test_what_was_accepted_unproven_is_not_covered_and_read_again_by_the_next_sync() -> None:
    state, ported = SyncState(), order("ported", INSERTED_AT + DAY)
    reports = []
    for kind in (Misreporting, Replicas):
        options = SyncOptions(INSERTED_AT + 2 * DAY, events=False, allow_unproven=True)
        run = SyncRun(kind(ported=[ported], inserted=[ported]), options, state)
        asyncio.run(read_in_one(run))
        reports.append(run.report)
        is_covered = [bool(state.covered[axis]) for axis in (Axis.INSERTED, Axis.PORTED)]
        assert is_covered == [kind is Replicas] * 2
    assert (bool(reports[0].unproven), reports[1].unproven) == (True, [])


class Wordy(Replicas):
    """Says the total in a word."""

    async def fetch_list(self, path: str, params: Mapping[str, str], row_type: object = None) -> Page:
        return replace(await super().fetch_list(path, params, row_type), total=None, uncounted='"many"')


def test_a_sync_that_gets_no_count_shows_what_it_got_instead() -> None:
    api = Wordy(inserted=[order("pending", INSERTED_AT)])
    run = SyncRun(api, SyncOptions(INSERTED_AT + DAY, events=False), SyncState())
    with pytest.raises(NotProven, match='total_results is "many", which is no count of rows'):
        asyncio.run(read_in_one(run))


@dataclass
class LatePayload(Replicas):
    """Shows one event, made on the first of May, whose payload comes late."""

    payload: Row | None = None
    looked_up: list[str] = field(default_factory=list)

    @property
    def event(self) -> Row:
        made_at = INSERTED_AT.isoformat()
        return {"id": "e", "event_type": "portout.status_changed", "portout_id": "a", "created_at": made_at} | {
            "payload": self.payload
        }

    async def fetch_list(self, path: str, params: Mapping[str, str], row_type: object = None) -> Page:
        if not path.endswith("events"):
            return await super().fetch_list(path, params, row_type)
        is_asked = params["filter[created_at][gte]"] < "2026-05-01" and params["page[number]"] == "1"
        rows = [self.event] if is_asked else []
        return Page(rows, len(rows), 250)

    async def fetch_one(self, path: str) -> Row:
        self.looked_up.append(path)
        return self.event


@pytest.mark.parametrize("comes", [True, False])
def test_a_payload_is_asked_for_once_more_however_long_the_last_sync_is_ago(comes: bool) -> None:
    state, api = SyncState(), LatePayload()
    for days in (1, 31, 61):
        run = SyncRun(api, SyncOptions(INSERTED_AT + timedelta(days=days)), state)
        tables = asyncio.run(read_in_one(run))
        if days == 31:
            assert tables["portout_events"]["payload__status"].to_pylist() == ["ported" if comes else None]
        api.payload = {"id": "a", "status": "ported"} if comes else None
    assert api.looked_up == ["/portouts/events/e"]


def test_a_changed_time_zone_is_noted_until_all_has_been_read_again() -> None:
    state, notes = SyncState(), []
    for zone, full in (("UTC", False), ("Asia/Kolkata", False), ("Asia/Kolkata", True), ("Asia/Kolkata", False)):
        options = SyncOptions(INSERTED_AT + 2 * DAY, events=False, time_zone=ZoneInfo(zone), full=full)
        run = SyncRun(Replicas(), options, state)
        asyncio.run(read_in_one(run))
        notes.append(["were dated in UTC" in note for note in run.report.notes])
    assert notes == [[], [True], [], []]


@pytest.mark.parametrize(
    "shown_at", [INSERTED_AT + DAY, INSERTED_AT + 3 * DAY], ids=["an earlier version", "a later version"]
)
def test_what_the_api_shows_by_id_now_beats_what_it_showed_an_earlier_sync(shown_at: datetime) -> None:
    """An order was shown pending with an `updated_at` that the API takes back."""
    state, once = SyncState(), order("pending", INSERTED_AT + 2 * DAY)
    assert sync(Replicas(inserted=[once]), state, INSERTED_AT + 4 * DAY) == [INSERTED_AT + 2 * DAY]
    now = order("authorized", shown_at)
    api = TakenBack(inserted=[now])
    assert sync(api, state, INSERTED_AT + 5 * DAY) == [shown_at]
    assert api.looked_up == (shown_at < INSERTED_AT + 2 * DAY)
    assert state.open_orders["a"].updated_at == shown_at


def test_a_list_that_lags_behind_an_earlier_sync_loses_no_version() -> None:
    state, newest = SyncState(), order("pending", INSERTED_AT + 2 * DAY)
    sync(Replicas(inserted=[newest]), state, INSERTED_AT + 4 * DAY)
    api = TakenBack(inserted=[order("pending", INSERTED_AT + DAY)], by_id=newest)
    assert sync(api, state, INSERTED_AT + 5 * DAY) == [INSERTED_AT + 2 * DAY]
    assert api.looked_up


@dataclass
class TakenBack(Replicas):
    """Answers one order by id, as the list of its status shows it or otherwise."""

    by_id: Row | None = None
    looked_up: bool = False

    async def fetch_list(self, path: str, params: Mapping[str, str], row_type: object = None) -> Page:
        if params.get("filter[inserted_at][gte]", "") > INSERTED_AT.isoformat():
            return Page([], 0, 250)
        return await super().fetch_list(path, params, row_type)

    async def fetch_one(self, _path: str) -> Row:
        self.looked_up = True
        return dict(self.by_id or self.inserted[0])


FIREWALL = httpx.Response(403, html="<html><body>Request blocked</body></html>")
REFUSED = {
    "403 once": httpx.Response(403, json={"errors": [{"code": "10010", "title": "Authorization failed"}]}),
    "404 once": httpx.Response(404, json={"errors": [{"code": "10005", "title": "Resource not found"}]}),
    "events off once": None,
}


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED.keys())
def test_a_change_that_only_an_event_announced_is_read_once_events_may_be(answer: httpx.Response | None) -> None:
    api, state = Announcing(), SyncState()
    api.sync(state, days=2)
    api.change()
    api.refusal = answer
    api.sync(state, days=4, events=answer is not None)
    api.refusal = None
    assert api.sync(state, days=6) == ["canceled"]


def test_a_page_of_a_firewall_is_no_word_of_the_api_on_events() -> None:
    api, state = Announcing(), SyncState()
    api.sync(state, days=2)
    api.refusal = FIREWALL
    with pytest.raises(PermissionDenied, match="a proxy or a firewall"):
        api.sync(state, days=4)
    assert not state.events_refused


@dataclass
class Announcing:
    """A real client and a server that shows one ported order, which changes with an event and nothing else."""

    server: ListServer = field(default_factory=lambda: ListServer([order("ported", INSERTED_AT + DAY)]))
    events: list[Row] = field(default_factory=list)
    refusal: httpx.Response | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/portouts/events"):
            return self.server(request)
        return self.refusal or ListServer(self.events)(request)

    def change(self) -> None:
        at = (INSERTED_AT + 3 * DAY).isoformat()
        self.server.rows[0] |= {"status": "canceled", "updated_at": at}
        payload = {"id": "a", "status": "canceled"}
        self.events.append(
            {"id": "e", "event_type": "portout.status_changed", "portout_id": "a", "created_at": at, "payload": payload}
        )

    def sync(self, state: SyncState, days: int, *, events: bool = True) -> list[str]:
        options = SyncOptions(INSERTED_AT + days * DAY, events=events)

        async def read() -> Mapping[str, pa.Table]:
            async with open_client(self) as client:
                return await read_in_one(SyncRun(client, options, state))

        statuses: list[str] = asyncio.run(read())["portouts"]["status"].to_pylist()
        return statuses


@pytest.mark.parametrize("axis", [Axis.INSERTED, Axis.EVENTS], ids=str)
def test_a_sync_that_is_killed_leaves_what_it_would_have_read_once_more_uncovered(axis: Axis) -> None:
    """Else rows that were committed late lie in the overlap of a sync that nobody remembers, and are never read."""
    end, newer = INSERTED_AT + 2 * DAY, INSERTED_AT + 4 * DAY
    state = SyncState(covered={each: [Window(INSERTED_AT, end)] for each in Axis})
    options, report = SyncOptions(newer), SyncReport()
    intake = Intake(options, state, report, UpperBound(options, report))
    nothing = orders_table([]) if axis is Axis.INSERTED else events_table([])
    hour = timedelta(hours=1)

    def take(start: datetime, until: datetime) -> list[Window]:
        intake.take(Read(ListQuery(axis, Window(start, until)), nothing))
        return state.covered[axis]

    assert take(newer - DAY, newer) == [Window(INSERTED_AT, end - hour), Window(newer - DAY, newer)]
    assert take(end - hour, newer - DAY) == [Window(INSERTED_AT, newer)]
