"""The inventory's part of a sync: counts by status in every sync, the whole list about once a day.

It follows the orders, and its load package is the last one of the sync. The surprise: a list that cannot be proven is
no reason to fail, since the orders are proven without it. Its numbers are loaded, and nothing is concluded from what
it lacks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import timedelta

import pyarrow as pa

from portouts.errors import Interrupted
from portouts.extract.intake import LoadPackage
from portouts.extract.inventory.number_lists import NumberList, NumberReader, settled
from portouts.extract.options import InventoryReport, SyncOptions, SyncReport
from portouts.extract.state import SyncState
from portouts.records.inventory.tables import number_counts, number_lists, number_observations, numbers_table
from portouts.records.versions import newest_versions
from portouts.telnyx.client import Api
from portouts.telnyx.errors import NotFound, PermissionDenied, Unprocessable
from portouts.telnyx.queries import ALL_NUMBERS, COUNTED_STATUSES, NUMBER_STATUSES, NumberQuery

# More numbers than these are read status by status first: a list that moves is read again, and each is shorter.
LONG_LIST = 10_000
# A sync that starts a little earlier than the one of the day before still reads the list.
SLACK = 0.1
UNPROVEN = (
    "The inventory's list of numbers moved while it was read, so it is not proven. Its numbers were loaded, and the "
    "next sync reads it again."
)


class InventoryRun:
    """Read the inventory once, after the orders of the same sync, whose report it completes."""

    def __init__(
        self,
        api: Api,
        options: SyncOptions,
        state: SyncState,
        report: SyncReport,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.report = report
        self._options = options
        self._state = state
        self._is_stopping = is_stopping
        self._reader = NumberReader(api, options.page_size, options.privacy, with_tags=options.inventory_tags)

    async def packages(self) -> AsyncGenerator[LoadPackage, None]:
        """Yield one load package; no rows where the key may not read the inventory."""
        if self._is_stopping():
            raise Interrupted("Stopped as asked. What was read is kept; run the sync again to go on.")
        try:
            package = await self._read()
        except (PermissionDenied, NotFound) as refused:
            if not refused.is_of_api:
                raise
            self.report.notes.append(
                f"The API refuses the inventory ({refused}). Give the key the permission to read numbers, or set "
                "inventory = false."
            )
            package = self._package(None, {})
        yield package

    async def _read(self) -> LoadPackage:
        listed = await self._whole_list() if self._is_due() else None
        if listed is None or not listed.is_proven:
            return self._package(listed, await self._counts())
        self._state.inventory_read_at = self.report.as_of
        statuses = Counter(status or "" for status in listed.table["status"].to_pylist())
        return self._package(listed, {**dict.fromkeys(COUNTED_STATUSES, 0), **statuses, ALL_NUMBERS: len(listed.ids)})

    def _is_due(self) -> bool:
        """Return whether the whole list was last proven too long ago."""
        every, read_at = self._options.inventory_every or timedelta(), self._state.inventory_read_at
        return read_at is None or self._options.full or self.report.as_of - read_at >= every * (1 - SLACK)

    async def _counts(self) -> Mapping[str, int]:
        """Count all numbers, and those of each status that matters; a status that is not counted is left out."""
        counts = {ALL_NUMBERS: await self._reader.count()}
        for status in COUNTED_STATUSES:
            counts[status] = await self._reader.count(status)
        return {status: count for status, count in counts.items() if count is not None}

    async def _whole_list(self) -> NumberList:
        total = await self._reader.count()
        ways = [self._at_once, self._by_status]
        read: list[NumberList] = []
        for way in ways if total is None or total <= LONG_LIST else reversed(ways):
            read.append(await way())
            if read[-1].is_proven:
                break
        return settled(read)

    async def _at_once(self) -> NumberList:
        return await self._reader.read(NumberQuery())

    async def _by_status(self) -> NumberList:
        """Read a list per status; together they are proven if they hold as many numbers as there are, before and after.

        Numbers of a status by which the API does not filter are missing from all of them, so their sum shows it.
        """
        before = await self._reader.count()
        lists: list[NumberList] = []
        for status in NUMBER_STATUSES:
            try:
                lists.append(await self._reader.read(NumberQuery(status)))
            except Unprocessable:
                continue
        table = newest_versions(one.table for one in lists) if lists else numbers_table([])
        ids = frozenset[str]().union(*(one.ids for one in lists))
        is_proven = all(one.is_proven for one in lists) and len(ids) == before == await self._reader.count()
        return NumberList(table, ids, before, is_proven=is_proven)

    def _package(self, listed: NumberList | None, counts: Mapping[str, int]) -> LoadPackage:
        as_of, sync_id = self.report.as_of, self._options.sync_id
        numbers = listed.table if listed else numbers_table([])
        readings = [(as_of, len(listed.ids), listed.is_proven, sync_id)] if listed else []
        if listed and not listed.is_proven:
            self.report.notes.append(UNPROVEN)
        self.report.inventory = InventoryReport(dict(counts), listed.is_proven if listed else None)
        tables: dict[str, pa.Table] = {
            "phone_numbers": numbers,
            "phone_number_observations": number_observations(numbers, as_of, sync_id),
            "phone_number_counts": number_counts(counts, as_of, sync_id),
            "phone_number_lists": number_lists(readings),
        }
        return LoadPackage(tables, self._state.to_json())
