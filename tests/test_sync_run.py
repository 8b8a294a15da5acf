"""Which version of an order a sync takes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

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

    async def fetch_list(self, _path: str, params: Mapping[str, str], _row_type: object = None) -> Row:
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
