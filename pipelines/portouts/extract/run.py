"""One sync, chunk by chunk: which queries it makes, in which order, and what their rows change in the state.

A chunk is what one load package commits: tables of rows, and the state that goes with exactly these rows. The order of
reading matters. Events come first, so that every order is read later than the events that speak of it. Then the ranges
and the open statuses, which answer most of what is open in few requests. Of a history that was new, ranges then tell
when orders were ported of which no event tells. What is still owed after that (orders held open that did not come back,
orders that events named) is looked up last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from portouts.errors import AnotherAccount, NotProven, OrdersGone, SettingsError
from portouts.extract.list_reader import Read
from portouts.extract.options import Progress, SyncOptions, SyncReport, unwatched
from portouts.extract.page_reader import is_range
from portouts.extract.plan import lookups, plan_axis, plan_lookups, settled
from portouts.extract.port_dates import PortDating
from portouts.extract.query_reader import QueryReader, UnderWay
from portouts.extract.state import SyncState
from portouts.load.settings_files import require_range
from portouts.records.batch import Chunk
from portouts.records.odd_rows import OddRows
from portouts.records.schema import INSTANT, TEXT
from portouts.records.versions import ported_ranges_table
from portouts.telnyx.client import Api
from portouts.telnyx.clock import TOLERANCE, WORTH_A_WARNING, ApiClock, written_span
from portouts.telnyx.errors import NotFound, PermissionDenied
from portouts.telnyx.queries import OPEN_STATUSES, Axis, ListQuery, Lookup, Query
from portouts.windows import BEGINNING, RESOLUTION, Window, ceil_to_resolution

# How old an event may be that still lacks its payload, to be asked for again by the next sync.
PAYLOAD_PATIENCE = timedelta(days=7)

OF_THIS_ACCOUNT = "Check that TELNYX_API_KEY belongs to this warehouse's account and may view its port-out orders."
OF_ANOTHER_ACCOUNT = "Use the key of this warehouse's account, or another --database for the other one."
IF_REMOVED = "If the orders held were really removed at Telnyx, accept that with --accept-deletions."

Stage = Callable[[QueryReader, SyncState], Awaitable[Iterable[Query]]]


class SyncRun:
    """Read one sync. Lives as long as the sync does; what must outlive it is in the state."""

    def __init__(
        self,
        options: SyncOptions,
        sync_id: str,
        report: SyncReport,
        on_progress: Progress = unwatched,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.options = options
        self._is_stopping = is_stopping
        self.report = report
        self._sync_id = sync_id
        self._read_up_to(options.as_of)
        self._on_progress = on_progress
        self._rows_done = 0
        self._rows_expected = 0
        self._stages = deque([self._plan_reread] if options.is_repair else self._whole_sync())
        self._stages += [self._plan_cheapest, self._plan_lookups]
        self._queries: deque[Query] = deque()
        self._orders: list[ListQuery] = []
        self._under_way = UnderWay()
        self._owed: set[str] = set()
        self._is_first_load = False
        self._ports = PortDating(options.time_zone)
        self._is_same_account = options.accept_deletions or options.is_repair
        self._has_missed = False
        """The API did not know an order that was asked for by id."""
        self._odd_rows = OddRows()
        self._advancing: set[Axis] = set()
        """The axes on which this sync has covered something."""
        self._versions: dict[str, datetime | None] = {}
        """Versions that this sync has committed."""
        self._held_versions: dict[str, datetime | None] = {}
        """Versions of open orders that an earlier sync committed."""

    @property
    def is_done(self) -> bool:
        """Say whether everything has been read."""
        return not self._stages and not self._is_asking()

    def _read_up_to(self, instant: datetime) -> None:
        self.report.as_of, self._as_of = instant, ceil_to_resolution(instant)
        # The last instant that what is read now can cover: one that has passed by the API's clock, where it shows one.
        self._known_until = self._as_of

    def _is_asking(self) -> bool:
        return bool(self._queries or self._under_way.reads)

    def _whole_sync(self) -> list[Stage]:
        return [self._plan_events, self._plan_orders, self._plan_ports, self._plan_other_ports, self._end_ports]

    async def read_chunk(self, api: Api, state: SyncState, *, goes_on: bool = False) -> dict[str, pa.Table]:
        """Read until the chunk is full or nothing is left; return its tables by resource and bring `state` along.

        Where it `goes_on`, what has been begun is left for the next chunk, to be read in the same event loop.
        """
        self._keep_to_privacy(state)
        chunk = Chunk()
        reader = QueryReader(api, self.options.page_size, self.options.privacy, self._under_way, self._advance)

        def take(read: Read) -> None:
            self._take(read, chunk, state)

        await self._plan_more(reader, state)
        while self._is_asking() and not self._is_full(chunk):
            await reader.read_all(self._queries, take, lambda: self._is_full(chunk))
            if not goes_on or self._is_stopping():
                await reader.finish(self._queries, take)
            await self._plan_more(reader, state)
        self._see_glimpses(reader)
        chunk.glimpses = [self._only_news(table, state, self._held_versions) for table in reader.discarded]
        await self._require_same_account(api, chunk, state)
        tables = self._tables(chunk, state)
        if self.is_done:
            self.report.notes += self._odd_rows.notes()
        if self.is_done and not self.options.is_repair:
            if self._has_events(state):  # else a later sync still has to read the events of this time
                state.events_tell_from = self._known_until
                state.forget_events_before(self._as_of - self.options.overlap)
            state.forget_unfinished_before(self._as_of - PAYLOAD_PATIENCE)
        return tables

    async def _require_same_account(self, api: Api, chunk: Chunk, state: SyncState) -> None:
        """Refuse to mix accounts. Costs a request where no order was read that is held, and else none."""
        has_orders, known = any(map(len, chunk.orders)), state.known_orders()
        if self._is_same_account or not (has_orders or self._has_missed):
            return
        self._is_same_account = not known or await self._knows_any(api, known)
        if self._is_same_account:
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

    async def _knows_any(self, api: Api, ids: Sequence[str]) -> bool:
        """Ask for orders one by one, until the API knows one."""
        for order_id in ids:
            reads: list[Read] = []
            reader = QueryReader(api, self.options.page_size, self.options.privacy)
            await reader.read_all(deque([Lookup((order_id,))]), reads.append)
            if len(reads[0].table):
                return True
        return False

    def _keep_to_privacy(self, state: SyncState) -> None:
        """Refuse to mix rows with personal data and rows without, unless all of them are read again."""
        mark = self.options.privacy.fingerprint
        if state.privacy not in (None, mark) and not self.options.full:
            before = state.privacy.partition(" ")[0]
            raise SettingsError(
                f'pii = "{self.options.privacy.pii}": what is held was loaded with pii = "{before}"'
                f"{' and another pii_salt' if mark.startswith(before) else ''}. Set that again, or load everything "
                "anew with `portouts sync --full`."
            )
        state.privacy = mark

    def _keep_to_time_zone(self, state: SyncState) -> None:
        """Note where days and months are no longer those at which the ranges read so far end."""
        zone = str(self.options.time_zone)
        if self.options.full or not state.time_zone:
            state.time_zone = zone
        elif state.time_zone != zone:
            self.report.notes.append(
                f"time_zone is {zone}: the days of port-outs of which no event tells are those of {state.time_zone}, "
                "in which they were loaded. `portouts sync --full` learns them anew."
            )

    async def break_off(self) -> None:
        """End what has been begun for a chunk that will not be read."""
        await self._under_way.break_off()

    async def _plan_more(self, reader: QueryReader, state: SyncState) -> None:
        """Plan the next stages, until one has something to ask."""
        while self._stages and not self._is_asking():
            self._queries.extend(await self._stages.popleft()(reader, state))

    async def _plan_reread(self, _reader: QueryReader, _state: SyncState) -> Iterable[Query]:
        self._owed = set(self.options.reread)
        return _ranges(Axis.EVENTS, self.options.reread_events)

    async def _plan_events(self, reader: QueryReader, state: SyncState) -> Iterable[Query]:
        """Plan all that can be planned ahead, and begin with the events.

        No page of orders is asked for before all events have been read: each order is then as new as its events.
        """
        self._recall(state)
        events = await self._ask_first(reader, state)
        if self.options.full:
            state.forget_ranges()
        within, unread = self._within(state), self._unread(state)
        self.report.is_swept = bool(state.open_orders)
        sweeps = [ListQuery(Axis.INSERTED, within, status) for status in OPEN_STATUSES if self.report.is_swept]
        ported = self._ports.begin(state, within, unread[Axis.PORTED], has_events=self._has_events(state))
        orders = [*_ranges(Axis.PORTED, ported), *_ranges(Axis.INSERTED, unread[Axis.INSERTED]), *sweeps]
        self._orders = orders
        return [*events, *self._unfinished(state)]

    async def _ask_first(self, reader: QueryReader, state: SyncState) -> Sequence[Query]:
        """Count the events, and keep to the API's clock, which the first answer shows.

        Where that changes what is to be asked, they are counted anew.
        """
        events = await self._events_asked(reader, state)
        if reader.api_clock.date is None and not events:  # nothing was asked yet, or refused
            newest = self._unread(state)[Axis.INSERTED][-1:] or [self._within(state)]
            await reader.count(_ranges(Axis.INSERTED, newest))
        if self._keep_to_api_clock(reader.api_clock, state):
            reader.forget_counted()
            self._rows_expected = 0
            events = await self._events_asked(reader, state) if self._has_events(state) else []
        return events

    def _keep_to_api_clock(self, clock: ApiClock, state: SyncState) -> bool:
        """Bound this sync and what earlier ones covered by the API's clock; say whether that changes the plan."""
        planned = self._as_of, state.covered
        if clock.date:
            ahead = clock.ahead if self.options.is_now else timedelta()
            if state.bound_by_api_clock(clock.date, ahead, self.options.overlap):
                self.report.notes.append(
                    "An earlier sync ran by a clock that was ahead of the API's, so that some of it was never read. "
                    "Everything is read again, once."
                )
            self._set_as_of(clock, clock.date, state)
            self._known_until = min(self._as_of, clock.date)
            state.confirmed_until = max(state.confirmed_until or self._known_until, self._known_until)
            state.events_tell_from = min(state.events_tell_from or self._known_until, self._known_until)
            self.report.api_date = clock.date
        self._require_time_to_advance(state)
        require_range("--since or start_date", state.start, self._as_of)
        return planned != (self._as_of, state.covered)

    def _set_as_of(self, clock: ApiClock, date: datetime, state: SyncState) -> None:
        """Take the API's clock where ours is ahead of it, or is to say what now is and does not know."""
        asked, covered_until = self._as_of, state.covered_until()
        is_behind = -clock.ahead > TOLERANCE or (covered_until is not None and asked + RESOLUTION < covered_until)
        if asked > date + TOLERANCE or (self.options.is_now and is_behind):
            self._read_up_to(date)
        if abs(clock.ahead) >= WORTH_A_WARNING and (self.options.is_now or self._as_of != asked):
            side = "ahead of" if clock.ahead > timedelta() else "behind"
            self.report.notes.append(
                f"This machine's clock is {written_span(clock.ahead)} {side} the API's; the API's is used."
            )
        elif asked - self._as_of >= WORTH_A_WARNING:
            self.report.notes.append(
                f"{asked.isoformat()} lies {written_span(asked - self._as_of)} after the API's own clock; "
                f"read up to {self._as_of.isoformat()}."
            )

    def _require_time_to_advance(self, state: SyncState) -> None:
        """Refuse an instant before the last sync's: the rows held are newer, and what they were then is overwritten."""
        until = state.covered_until()
        if until is not None and self._as_of + RESOLUTION < until:
            raise SettingsError(
                f"--as-of {self._as_of.isoformat()} (by default, this machine's clock) lies before the last sync, "
                f"which read up to {(until - RESOLUTION).isoformat()}. Give that instant or a later one; another "
                "--database can begin anew."
            )

    def _unread(self, state: SyncState) -> dict[Axis, list[Window]]:
        within = self._within(state)
        covered = {axis: [] if self.options.full else state.covered[axis] for axis in Axis}
        return {axis: plan_axis(covered[axis], within, self.options.overlap) for axis in Axis}

    def _recall(self, state: SyncState) -> None:
        """Take up the history where the last sync left it, extended or begun anew as was asked."""
        # A sync that was to read everything again and was killed leaves nothing covered either, and versions to keep.
        self._is_first_load = not state.covered[Axis.INSERTED] and state.first_inserted_at is None
        self._keep_to_time_zone(state)
        state.are_ids_canonical = True  # those loaded before are by now
        state.start = min(filter(None, (state.start, self.options.since)), default=BEGINNING)
        state.events_tell_from = state.events_tell_from or self._as_of
        self._owed = state.to_read | state.open_orders.keys()
        self._held_versions = {order_id: order.updated_at for order_id, order in state.open_orders.items()}

    async def _plan_orders(self, reader: QueryReader, _state: SyncState) -> Iterable[Query]:
        return await self._counted(reader, self._orders)

    def _within(self, state: SyncState) -> Window:
        """Tell what all ranges of this sync lie in."""
        return Window(state.start or BEGINNING, self._as_of + RESOLUTION)

    async def _plan_ports(self, reader: QueryReader, state: SyncState) -> Iterable[Query]:
        """Plan ranges that tell when those orders were ported of which no event does."""
        self._see_glimpses(reader)
        if not self._ports.are_wanted():
            return ()
        within = self._within(state)
        ported_count = await reader.count([ListQuery(Axis.PORTED, within)])
        windows = self._ports.windows(within, ported_count, self.options.page_size)
        return await self._counted(reader, _ranges(Axis.PORTED, windows))

    def _see_glimpses(self, reader: QueryReader) -> None:
        """Take the ported orders among versions that proved nothing: such a version may be the one that is loaded."""
        for table in reader.discarded:
            self._ports.undated.see(table)

    async def _plan_other_ports(self, reader: QueryReader, state: SyncState) -> Iterable[Query]:
        """Plan all other ranges, should an order have been ported before it was inserted, or after its last change."""
        if not self._ports.are_wanted():
            return ()
        return await self._counted(reader, _ranges(Axis.PORTED, self._ports.other_windows(self._within(state))))

    async def _end_ports(self, _reader: QueryReader, state: SyncState) -> Iterable[Query]:
        if known := self._known(self._within(state)):
            self._ports.end(state, known)
        return ()

    def _known(self, window: Window) -> Window | None:
        """Cut off what lies beyond the API's clock."""
        end = min(window.end, self._known_until + RESOLUTION)
        return Window(window.start, end) if window.start < end else None

    async def _counted(self, reader: QueryReader, queries: list[ListQuery]) -> list[ListQuery]:
        self._rows_expected += await reader.count(queries)
        return queries

    def _unfinished(self, state: SyncState) -> Sequence[Query]:
        """Plan the events that lacked their payload and lie outside the overlap."""
        if not self._has_events(state):
            return []
        overlap_start = self._as_of - self.options.overlap
        waiting = [id_ for id_, at in state.unfinished_events.items() if at < overlap_start]
        return lookups(waiting, self.options.page_size, is_of_events=True)

    def _has_events(self, state: SyncState) -> bool:
        return self.options.events and not state.events_refused

    async def _events_asked(self, reader: QueryReader, state: SyncState) -> Sequence[Query]:
        """Count the events; not every account may read them. What is not read now is read once it may be.

        Only the API's own refusal counts, not a page of a firewall.
        """
        if not self.options.events:
            return []
        try:
            counted = await self._counted(reader, _ranges(Axis.EVENTS, self._unread(state)[Axis.EVENTS]))
        except (PermissionDenied, NotFound) as refused:
            if not refused.is_of_api:
                raise
            if state.covered[Axis.EVENTS]:
                self.report.notes.append(
                    f"The API refuses the events, which it answered before ({refused}). The next sync that may read "
                    "them reads those of this time too."
                )
            elif not state.events_refused:
                self.report.notes.append("This account has no port-out events; response times come from observation.")
            state.events_refused = True
            return []
        state.events_refused = False
        return counted

    async def _plan_cheapest(self, _reader: QueryReader, state: SyncState) -> Iterable[Query]:
        """Plan the orders still owed, by whatever is cheaper."""
        return self._lookups(state, state.orders_per_second(self._as_of))

    async def _plan_lookups(self, _reader: QueryReader, state: SyncState) -> Iterable[Query]:
        """Plan those that this did not bring, by id."""
        return self._lookups(state, 0.0)

    def _lookups(self, state: SyncState, density: float) -> list[Query]:
        inserted_at = {order_id: order.inserted_at for order_id, order in state.open_orders.items()}
        inserted_at |= self.options.reread
        instants = {order_id: inserted_at.get(order_id) if density else None for order_id in sorted(self._owed)}
        self._rows_expected += len(instants)
        return plan_lookups(instants, density, self.options.page_size)

    def _take(self, read: Read, chunk: Chunk, state: SyncState) -> None:
        query = read.query
        self._odd_rows.see_misplaced(read.misplaced)
        self._odd_rows.see_mended(read.mended)
        self.report.unusable |= {row.fingerprint: row.description for row in read.unusable}
        if not read.is_proven:
            self._doubt(query, read.uncounted)
        if query.path == Axis.EVENTS.path:
            self._take_events(read, chunk, state)
        else:
            self._take_orders(read, chunk, state)
        if not read.is_proven or not is_range(query) or (self._ports.is_of_new_history and query.axis is Axis.PORTED):
            return
        if known := self._known(query.window):
            self._uncover_overlap(query.axis, state)
            state.cover(query.axis, known)

    def _uncover_overlap(self, axis: Axis, state: SyncState) -> None:
        """Uncover what is read once more, before anything newer is covered: a sync that is killed may not read it."""
        if axis not in self._advancing and not self.options.is_repair:
            self._advancing.add(axis)
            state.covered[axis] = settled(state.covered[axis], self.options.overlap)

    def _doubt(self, query: Query, uncounted: str | None) -> None:
        """Note what could not be proven. A status sweep need not be: whoever left the set is looked up by id."""
        if isinstance(query, ListQuery) and query.status:
            return
        self.report.unproven.append(str(query))
        self._ports.are_doubtful |= query.path != Axis.EVENTS.path
        if not self.options.allow_unproven:
            reason = (
                f"the API's total_results is {uncounted}, which is no count of rows, so nothing proves what was read"
                if uncounted
                else "the API's total_results does not agree with the rows it answered, however often and in however "
                "small parts they were read"
            )
            raise NotProven(f"{query}: {reason}. Nothing was published. Run again, or accept it with --allow-unproven.")

    def _take_events(self, read: Read, chunk: Chunk, state: SyncState) -> None:
        """Keep the events, and owe the orders that they name for the first time."""
        table = read.table
        self.report.events_read += len(table)
        state.remember_unfinished(table, read.missing, self._as_of)
        chunk.events.append(table)
        self._ports.undated.tell(table.filter(pc.equal(table["payload__status"], "ported"))["portout_id"])
        tell_from = (state.events_tell_from or self._as_of) - self.options.overlap
        recent_from = self._as_of - self.options.overlap
        is_old = pc.less(table["created_at"], pa.scalar(tell_from, INSTANT))
        telling = table.filter(pc.invert(pc.fill_null(is_old, fill_value=False)))
        for event in telling.select(["id", "portout_id", "created_at"]).to_pylist():
            if event["id"] not in state.recent_events and event["portout_id"]:
                state.to_read.add(event["portout_id"])
                self._owed.add(event["portout_id"])
            created_at = event["created_at"] or self._known_until  # without a date, it is as old as its reading
            if recent_from <= created_at <= self._known_until:
                state.recent_events[event["id"]] = created_at

    def _take_orders(self, read: Read, chunk: Chunk, state: SyncState) -> None:
        query, answers = read.query, read.table
        if isinstance(query, ListQuery) and query.axis is Axis.PORTED:
            if not self._is_first_load:
                chunk.orders.append(self._only_news(answers, state, self._held_versions))
            chunk.ported_ranges.append(self._ported_range(query.window, self._since_start(answers, state)["id"]))
            # Another status comes from a copy of the data that lags behind what it is filtered by.
            answers = answers.filter(pc.equal(answers["status"], "ported"))
        elif isinstance(query, Lookup):
            self._forget_held_versions(answers)
            chunk.orders.append(self._only_news(answers, state))
        else:
            # What a range answers lies in it, whatever the order's own date says.
            chunk.orders.append(_not_older(_not_older(answers, self._versions), self._held_versions))
            if is_range(query):
                self._ports.undated.see(answers)
                state.count_orders(query.window, answers["inserted_at"])
        self._has_missed |= bool(read.missing)
        shown = set(answers["id"].to_pylist())
        self._is_same_account = self._is_same_account or any(map(state.is_held, shown))
        answered = {*shown, *read.missing}
        self._owed -= answered
        state.to_read -= answered
        if isinstance(query, ListQuery):
            self._owed |= set(_older(read.table, self._held_versions)["id"].to_pylist())
        self._miss(read.missing, state)

    def _ported_range(self, window: Window, order_ids: pa.ChunkedArray) -> pa.Table:
        self._ports.undated.tell(order_ids)
        return ported_ranges_table(order_ids, window.start, window.end, self.report.as_of)

    def _miss(self, missing: Sequence[str], state: SyncState) -> None:
        """Report orders that the API no longer knows; those asked for one by one are given up as open."""
        held = self.options.reread.keys() | state.open_orders.keys()
        self.report.missing += [order_id for order_id in missing if order_id in held]
        gone = self.options.reread.keys() & set(missing)
        for order_id in gone:
            state.open_orders.pop(order_id, None)
        state.witnesses = [order_id for order_id in state.witnesses if order_id not in gone]

    def _since_start(self, orders: pa.Table, state: SyncState) -> pa.Table:
        """Leave out orders from before the warehouse's start."""
        too_early = pc.less(orders["inserted_at"], pa.scalar(state.start, INSTANT))
        return orders.filter(pc.invert(pc.fill_null(too_early, fill_value=False)))

    def _only_news(
        self, orders: pa.Table, state: SyncState, held: Mapping[str, datetime | None] | None = None
    ) -> pa.Table:
        """Leave out versions older than one that this sync has committed, or than those `held` from earlier syncs.

        A list may come from a copy of the data that lags. What the API answers by id is what it shows now, also where
        that is older than what it showed an earlier sync.
        """
        orders = _not_older(self._since_start(orders, state), self._versions)
        return _not_older(orders, held or {})

    def _forget_held_versions(self, orders: pa.Table) -> None:
        for order_id in self._held_versions.keys() & set(orders["id"].to_pylist()):
            del self._held_versions[order_id]

    def _remember_versions(self, orders: pa.Table, glimpses: Sequence[pa.Table]) -> None:
        """Note the versions about to be committed. A first load reads each order once, but for glimpses."""
        if self._is_first_load:
            glimpsed = pa.chunked_array([table["id"].combine_chunks() for table in glimpses], TEXT)
            orders = orders.filter(pc.is_in(orders["id"], glimpsed))
        self._versions |= dict(zip(orders["id"].to_pylist(), orders["updated_at"].to_pylist(), strict=True))

    def _tables(self, chunk: Chunk, state: SyncState) -> dict[str, pa.Table]:
        """Make the chunk's rows what is loaded, and remember what of it the rest of this sync and the next one need."""
        tables = chunk.tables(self.report.as_of, self._sync_id, self.options.privacy)
        orders, events = tables["portouts"], tables["portout_events"]
        self._ports.undated.settle()
        self._odd_rows.see_dates("orders", orders)
        self._odd_rows.see_dates("events", events)
        self.report.orders_read += len(orders)
        self.report.strange_rows += sum(len(table) - table["extra"].null_count for table in (orders, events))
        state.remember(orders)
        self._remember_versions(orders, chunk.glimpses)
        return tables

    def _is_full(self, chunk: Chunk) -> bool:
        size = self.options.chunk_rows
        return self._is_stopping() or (size is not None and chunk.rows >= size)

    def _advance(self, rows: int) -> None:
        self._rows_done += rows
        self._rows_expected = max(self._rows_expected, self._rows_done)
        self._on_progress(self._rows_done, self._rows_expected)


def _is_older(orders: pa.Table, versions: Mapping[str, datetime | None]) -> pa.ChunkedArray:
    """Mark the orders whose `updated_at` lies before that of the known version."""
    known_at = pa.array([versions.get(order_id) for order_id in orders["id"].to_pylist()], INSTANT)
    return pc.fill_null(pc.less(orders["updated_at"], known_at), fill_value=False)


def _older(orders: pa.Table, versions: Mapping[str, datetime | None]) -> pa.Table:
    return orders.filter(_is_older(orders, versions)) if versions else orders.slice(0, 0)


def _not_older(orders: pa.Table, versions: Mapping[str, datetime | None]) -> pa.Table:
    return orders.filter(pc.invert(_is_older(orders, versions))) if versions else orders


def _ranges(axis: Axis, windows: Iterable[Window]) -> list[ListQuery]:
    return [ListQuery(axis, window) for window in windows]
