"""Which version of an order a sync takes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from portouts.sync_plan import Axis
from portouts.sync_run import SyncOptions, SyncReport, SyncRun
from portouts.sync_state import SyncState

INSERTED_AT = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
Row = dict[str, Any]


@dataclass
class Replicas:
    """Lists of orders answered by several machines, of which some may lag: what is shown depends on the filter."""

    ported: list[Row] = field(default_factory=list)
    inserted: list[Row] = field(default_factory=list)

    async def fetch_list(self, path: str, params: Mapping[str, str], row_type: object = None) -> Row:  # noqa: ARG002  # as the API's
        rows = self.ported if "filter[ported_out_at][gte]" in params else self.inserted
        status = params.get("filter[status]")
        rows = [dict(row) for row in rows if status in {None, row["status"]}] if params["page[number]"] == "1" else []
        return {"data": rows, "meta": {"total_results": len(rows), "page_size": 250}}

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
    """Read one sync in one chunk; return the versions that it loads."""
    run = SyncRun(SyncOptions(as_of, events=False), "sync", SyncReport())
    tables = asyncio.run(run.read_chunk(api, state))
    versions: list[datetime] = tables["portouts"]["updated_at"].to_pylist()
    return versions


def test_a_full_sync_that_was_killed_goes_on_keeping_the_newest_version() -> None:
    """It leaves nothing covered, as before a first load, which takes each order as it comes."""
    state, ported = SyncState(), order("ported", INSERTED_AT + DAY)
    everywhere = Replicas(ported=[ported], inserted=[ported])
    assert sync(everywhere, state, INSERTED_AT + 2 * DAY) == [INSERTED_AT + DAY]
    state.forget_ranges()  # as the first chunk of a full sync does, before it is killed
    lagging = Replicas(ported=[order("ported", INSERTED_AT + 3 * DAY)], inserted=[ported])
    assert sync(lagging, state, INSERTED_AT + 4 * DAY) == [INSERTED_AT + 3 * DAY]


class Misreporting(Replicas):
    """Counts one order more than it shows."""

    async def fetch_list(self, path: str, params: Mapping[str, str], row_type: object = None) -> Row:
        answer = await super().fetch_list(path, params, row_type)
        return answer | {"meta": {"total_results": answer["meta"]["total_results"] + 1, "page_size": 250}}


def test_what_was_accepted_unproven_is_not_covered_and_read_again_by_the_next_sync() -> None:
    state, ported = SyncState(), order("ported", INSERTED_AT + DAY)
    reports = []
    for kind in (Misreporting, Replicas):
        reports.append(SyncReport())
        run = SyncRun(SyncOptions(INSERTED_AT + 2 * DAY, events=False, allow_unproven=True), "sync", reports[-1])
        asyncio.run(run.read_chunk(kind(ported=[ported], inserted=[ported]), state))
        is_covered = [bool(state.covered[axis]) for axis in (Axis.INSERTED, Axis.PORTED)]
        assert is_covered == [kind is Replicas] * 2
    assert (bool(reports[0].unproven), reports[1].unproven) == (True, [])


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

    async def fetch_list(self, path: str, params: Mapping[str, str], row_type: object = None) -> Row:
        if not path.endswith("events"):
            return await super().fetch_list(path, params, row_type)
        is_asked = params["filter[created_at][gte]"] < "2026-05-01" and params["page[number]"] == "1"
        rows = [self.event] if is_asked else []
        return {"data": rows, "meta": {"total_results": len(rows), "page_size": 250}}

    async def fetch_one(self, path: str) -> Row:
        self.looked_up.append(path)
        return {"data": self.event}


@pytest.mark.parametrize("comes", [True, False])
def test_a_payload_is_asked_for_once_more_however_long_the_last_sync_is_ago(comes: bool) -> None:
    state, api = SyncState(), LatePayload()
    for days in (1, 31, 61):
        run = SyncRun(SyncOptions(INSERTED_AT + timedelta(days=days)), "sync", SyncReport())
        tables = asyncio.run(run.read_chunk(api, state))
        if days == 31:
            assert tables["portout_events"]["payload__status"].to_pylist() == ["ported" if comes else None]
        api.payload = {"id": "a", "status": "ported"} if comes else None
    assert api.looked_up == ["/portouts/events/e"]


def test_a_time_zone_that_was_changed_is_told_until_all_has_been_read_again() -> None:
    state, notes = SyncState(), []
    for zone, full in (("UTC", False), ("Asia/Kolkata", False), ("Asia/Kolkata", True), ("Asia/Kolkata", False)):
        options = SyncOptions(INSERTED_AT + 2 * DAY, events=False, time_zone=ZoneInfo(zone), full=full)
        run = SyncRun(options, "sync", report := SyncReport())
        asyncio.run(run.read_chunk(Replicas(), state))
        notes.append(["those of UTC" in note for note in report.notes])
    assert notes == [[], [True], [], []]
