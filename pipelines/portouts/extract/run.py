"""One sync: which queries it makes, and in which order.

Events come first, so that every order is read later than the events that name it. The ranges and the open statuses
follow, and answer most of what is open in few requests. On a first load, `ported_out_at` ranges then date the ported
orders that have no event. Orders that are still missing are fetched by id last: open orders that no list showed, and
orders that events named.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import timedelta

from portouts.errors import (
    IF_REMOVED,
    OF_ANOTHER_ACCOUNT,
    OF_THIS_ACCOUNT,
    AnotherAccount,
    Interrupted,
    OrdersGone,
    SettingsError,
)
from portouts.extract.intake import Intake, LoadPackage
from portouts.extract.options import Progress, RowCount, SyncOptions, SyncReport, unwatched
from portouts.extract.plan import lookups, plan_axis, plan_lookups, ranges
from portouts.extract.query_reader import QueryReader
from portouts.extract.state import SyncState
from portouts.extract.upper_bound import UpperBound
from portouts.telnyx.client import Api
from portouts.telnyx.errors import NotFound, PermissionDenied
from portouts.telnyx.queries import OPEN_STATUSES, Axis, ListQuery, Lookup, Query
from portouts.windows import BEGINNING, Window

# An event without a payload is read again by each sync, until it is so old.
PAYLOAD_EXPECTED_WITHIN = timedelta(days=7)


class SyncRun:
    """Read one sync. What must outlive it is in the state that its load packages carry."""

    def __init__(
        self,
        api: Api,
        options: SyncOptions,
        state: SyncState,
        on_progress: Progress = unwatched,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.report = SyncReport()
        self._api = api
        self._options = options
        self._state = state
        self._is_stopping = is_stopping
        self._rows = RowCount(on_progress)
        self._bound = UpperBound(options, self.report)
        self._reader = QueryReader(api, options.page_size, options.privacy, self._rows.add)
        self._keep_to_privacy()
        if not options.is_repair:
            self._start_from_last_sync()
        self._intake = Intake(options, state, self.report, self._bound)

    async def packages(self) -> AsyncGenerator[LoadPackage, None]:
        """Yield load packages until everything is read. Reads that have begun go on between two packages.

        When asked to stop, it begins no further read, yields what it has read, and raises `Interrupted`.
        """
        async with aclosing(self._reader):
            async for stage in self._stages():
                queries = deque(stage)
                async for read in self._reader.read(queries, self._is_stopping):
                    if self._intake.is_full:
                        yield await self._package()
                    self._intake.take(read)
                if queries:
                    yield await self._package()
                    raise Interrupted("Stopped as asked. What was read is kept; run the sync again to go on.")
            self._finish()
            yield await self._package()
            self._intake.finish()

    async def _stages(self) -> AsyncIterator[Sequence[Query]]:
        """Yield the queries of one stage after the other; all of a stage is read before the next one is planned."""
        if self._options.is_repair:
            yield ranges(Axis.EVENTS, self._options.reread_events)
        else:
            events = await self._events()
            orders = self._orders()  # planned before any row changes the state
            yield [*events, *self._events_without_payload()]
            yield await self._counted(orders)
            yield await self._ports()
            yield await self._other_ports()
            self._end_ports()
        yield self._missing_orders(self._state.orders_per_second(self._bound.as_of))
        yield self._missing_orders(0.0)

    def _finish(self) -> None:
        """Bring the state to the end of the sync."""
        if self._options.is_repair:
            return
        if self._has_events:  # else a later sync still has to read the events of this time
            self._state.events_new_from = self._bound.known_until
            self._state.forget_events_before(self._bound.as_of - self._options.overlap)
        self._state.forget_unfinished_before(self._bound.as_of - PAYLOAD_EXPECTED_WITHIN)

    async def _package(self) -> LoadPackage:
        await self._require_same_account()
        return self._intake.package()

    # What the state says, against what is asked for

    def _keep_to_privacy(self) -> None:
        """Refuse to mix rows with personal data and rows without, unless all of them are read again."""
        fingerprint, before = self._options.privacy.fingerprint, self._state.privacy
        if before not in (None, fingerprint) and not self._options.full:
            mode = before.partition(" ")[0]
            raise SettingsError(
                f'pii = "{self._options.privacy.pii}": what is held was loaded with pii = "{mode}"'
                f"{' and another pii_salt' if fingerprint.startswith(mode) else ''}. Set that again, or load "
                "everything anew with `portouts sync --full`."
            )
        self._state.privacy = fingerprint

    def _start_from_last_sync(self) -> None:
        """Take up the history where the last sync left it, or extend it backwards."""
        self._keep_to_time_zone()
        self._state.are_ids_canonical = True  # those loaded before are by now
        self._state.start = min(filter(None, (self._state.start, self._options.since)), default=BEGINNING)
        self._state.events_new_from = self._state.events_new_from or self._bound.as_of

    def _keep_to_time_zone(self) -> None:
        """Note where days and months are no longer those at which the ranges read so far end."""
        zone = str(self._options.time_zone)
        if self._options.full or not self._state.time_zone:
            self._state.time_zone = zone
        elif self._state.time_zone != zone:
            self.report.notes.append(
                f"time_zone is {zone}: port-outs without an event were dated in {self._state.time_zone}; run "
                f"`portouts sync --full` to date them in {zone}."
            )

    async def _require_same_account(self) -> None:
        """Refuse to mix accounts. Costs a request if no order was read that is held, and none otherwise."""
        has_orders, known = self._intake.has_orders, self._state.known_orders()
        if self._intake.is_account_known or not (has_orders or self._intake.has_missed):
            return
        self._intake.is_account_known = not known or await self._knows_any(known)
        if self._intake.is_account_known:
            return
        if has_orders:
            raise AnotherAccount(
                "The API shows other orders, and none of the newest that this warehouse holds: TELNYX_API_KEY belongs "
                f"to another account. Nothing was loaded. {OF_ANOTHER_ACCOUNT} {IF_REMOVED}"
            )
        raise OrdersGone(
            "The API shows no order, and none of the newest that this warehouse holds. Nothing was loaded. "
            f"{OF_THIS_ACCOUNT} {IF_REMOVED}"
        )

    async def _knows_any(self, ids: Sequence[str]) -> bool:
        """Fetch orders one by one, until the API knows one."""
        reader = QueryReader(self._api, self._options.page_size, self._options.privacy)
        async with aclosing(reader):
            for order_id in ids:
                if any([len(read.table) async for read in reader.read(deque[Query]([Lookup((order_id,))]))]):
                    return True
        return False

    # The stages

    def _unread(self, axis: Axis) -> list[Window]:
        covered = [] if self._options.full else self._state.covered[axis]
        return plan_axis(covered, self._bound.within(self._state), self._options.overlap)

    async def _counted(self, queries: Sequence[ListQuery]) -> Sequence[ListQuery]:
        """Count the rows of queries that will be read."""
        self._rows.expect(await self._reader.count(queries))
        return queries

    @property
    def _has_events(self) -> bool:
        return self._options.events and not self._state.events_refused

    async def _events(self) -> Sequence[Query]:
        """Count the events, and keep to the API's clock, which the first answer shows.

        If that changes what must be read, they are counted anew.
        """
        events = await self._countable_events()
        if self._reader.api_clock.date is None and not events:  # nothing was requested yet, or it was refused
            newest = self._unread(Axis.INSERTED)[-1:] or [self._bound.within(self._state)]
            await self._reader.count(ranges(Axis.INSERTED, newest))
        if self._bound.follow(self._reader.api_clock, self._state):
            self._reader.forget_counted()
            self._rows.expected = 0
            events = await self._countable_events() if self._has_events else []
        return events

    async def _countable_events(self) -> Sequence[Query]:
        """Count the events; not every account may read them. What is not read now is read once it may be.

        Only the API's own refusal counts, not a page of a firewall.
        """
        if not self._options.events:
            return []
        try:
            counted = await self._counted(ranges(Axis.EVENTS, self._unread(Axis.EVENTS)))
        except (PermissionDenied, NotFound) as refused:
            if not refused.is_of_api:
                raise
            if self._state.covered[Axis.EVENTS]:
                self.report.notes.append(
                    f"The API refuses the events, which it answered before ({refused}). The next sync that may read "
                    "them reads those of this time too."
                )
            elif not self._state.events_refused:
                self.report.notes.append("This account has no port-out events; response times come from observation.")
            self._state.events_refused = True
            return []
        self._state.events_refused = False
        return counted

    def _events_without_payload(self) -> Sequence[Query]:
        """Return the events that lacked their payload and lie outside the overlap."""
        if not self._has_events:
            return []
        overlap_start = self._bound.as_of - self._options.overlap
        waiting = [id_ for id_, at in self._state.unfinished_events.items() if at < overlap_start]
        return lookups(waiting, self._options.page_size, is_of_events=True)

    def _orders(self) -> Sequence[ListQuery]:
        """Return the ranges of orders that are not covered, and a list of each open status if any order is open."""
        if self._options.full:
            self._state.forget_ranges()
        within = self._bound.within(self._state)
        self.report.is_swept = bool(self._state.open_orders)
        sweeps = [ListQuery(Axis.INSERTED, within, status) for status in OPEN_STATUSES if self.report.is_swept]
        unread = self._unread(Axis.PORTED)
        ported = self._intake.ports.begin(self._state, within, unread, has_events=self._has_events)
        return [*ranges(Axis.PORTED, ported), *ranges(Axis.INSERTED, self._unread(Axis.INSERTED)), *sweeps]

    async def _ports(self) -> Sequence[Query]:
        """Return the ranges that date the ported orders of a new history that have no event."""
        if not self._intake.ports.has_undated():
            return []
        within = self._bound.within(self._state)
        ported_count = await self._reader.count([ListQuery(Axis.PORTED, within)])
        windows = self._intake.ports.windows(within, ported_count, self._options.page_size)
        return await self._counted(ranges(Axis.PORTED, windows))

    async def _other_ports(self) -> Sequence[Query]:
        """Return all other ranges, in case an order was ported before it was inserted, or after its last change."""
        if not self._intake.ports.has_undated():
            return []
        windows = self._intake.ports.other_windows(self._bound.within(self._state))
        return await self._counted(ranges(Axis.PORTED, windows))

    def _end_ports(self) -> None:
        if known := self._bound.known(self._bound.within(self._state)):
            self._intake.ports.end(self._state, known)

    def _missing_orders(self, orders_per_second: float) -> Sequence[Query]:
        """Return the orders that no list has shown: by id, or by ranges where these are cheaper."""
        inserted_at = {order_id: order.inserted_at for order_id, order in self._state.open_orders.items()}
        inserted_at |= self._options.reread
        instants = {
            order_id: inserted_at.get(order_id) if orders_per_second else None
            for order_id in sorted(self._intake.to_refetch)
        }
        self._rows.expect(len(instants))
        return plan_lookups(instants, orders_per_second, self._options.page_size)
