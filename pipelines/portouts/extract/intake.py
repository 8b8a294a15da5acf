"""What the rows of a read change: the batch to load, the state of the sync, the port dates and the report.

A load package commits a batch and the state that goes with exactly these rows. The surprise: a list may come from a
copy of the data that lags, so a version older than a known one is left out, and the order is fetched by id. The answer
by id is what the API shows now, even if it is older than what an earlier sync was shown. The versions of orders that
are no longer open are not known here; `load.news` compares them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from portouts.errors import NotProven
from portouts.extract.list_reader import Read
from portouts.extract.options import SyncOptions, SyncReport
from portouts.extract.page_reader import is_range
from portouts.extract.plan import settled
from portouts.extract.port_dates import PortDating
from portouts.extract.state import Json, SyncState
from portouts.extract.upper_bound import UpperBound
from portouts.records.batch import Batch
from portouts.records.odd_rows import OddRows
from portouts.records.schema import INSTANT
from portouts.records.versions import KnownVersions, not_older, older, ported_ranges_table
from portouts.telnyx.queries import Axis, ListQuery, Lookup, Query

# An event follows its change by so much at most, also where the order shows whole seconds.
ANNOUNCED_WITHIN = timedelta(seconds=3)


class LoadPackage(NamedTuple):
    """What is committed together: the tables of `raw` by name, and the state after exactly these rows, as JSON."""

    tables: Mapping[str, pa.Table]
    state: Json
    asked_for: Collection[str] = ()
    """Orders fetched by id or by a repair: their version replaces the one that is held, even a newer one."""


class Intake:
    """Take the reads of one sync, and make load packages of them."""

    def __init__(self, options: SyncOptions, state: SyncState, report: SyncReport, bound: UpperBound) -> None:
        self.report = report
        self.ports = PortDating(options.time_zone)
        self.to_refetch = set(options.reread) if options.is_repair else state.to_read | state.open_orders.keys()
        """Orders that are fetched by id unless a list shows them."""
        self.is_account_known = options.accept_deletions or options.is_repair
        """An order that is held was shown, so the key belongs to this account."""
        self.has_missed = False
        """The API did not know an order that was fetched by id."""
        self._options = options
        self._state = state
        self._bound = bound
        self._batch = Batch()
        self._odd_rows = OddRows()
        self._advancing: set[Axis] = set()
        """The axes on which this sync has covered something."""
        self._asked_for = set(options.reread)
        self._changed_at: dict[str, datetime] = {}
        """By order: when it changed at the earliest, by the events that name it."""
        # A sync that was to read everything again and was killed leaves nothing covered either, and versions to keep.
        is_first_load = not state.covered[Axis.INSERTED] and state.first_inserted_at is None
        held = {id_: order.updated_at for id_, order in state.open_orders.items()}
        self._versions = KnownVersions(held, is_first_load=is_first_load and not options.is_repair)

    @property
    def is_full(self) -> bool:
        size = self._options.batch_rows
        return size is not None and self._batch.rows >= size

    @property
    def has_orders(self) -> bool:
        return any(map(len, self._batch.orders))

    def take(self, read: Read) -> None:
        """Add the rows of a read to the batch, and to what the sync knows."""
        query = read.query
        self._odd_rows.see_misplaced(read.misplaced)
        self._odd_rows.see_mended(read.mended)
        self.report.unusable |= {row.fingerprint: row.description for row in read.unusable}
        self._take_discarded(read.discarded)
        if not read.is_proven:
            self._mark_unproven(query, read.uncounted)
        if query.path == Axis.EVENTS.path:
            self._take_events(read)
        else:
            self._take_orders(read)
        if read.is_proven and is_range(query) and not (self.ports.is_new_history and query.axis is Axis.PORTED):
            self._add_covered(query)

    def package(self) -> LoadPackage:
        """Make a load package of the batch and the state, and begin a new batch."""
        batch, self._batch = self._batch, Batch()
        batch.discarded = [self._only_news(table, self._versions.held) for table in batch.discarded]
        tables = batch.tables(self.report.as_of, self._options.sync_id, self._options.privacy)
        orders, events = tables["portouts"], tables["portout_events"]
        self.ports.undated.remove_dated()
        self._odd_rows.see_dates("orders", orders)
        self._odd_rows.see_dates("events", events)
        self.report.orders_read += len(orders)
        self.report.strange_rows += sum(len(table) - table["extra"].null_count for table in (orders, events))
        self._state.remember(orders)
        self._versions.commit(orders, batch.discarded)
        return LoadPackage(tables, self._state.to_json(), frozenset(self._asked_for))

    def finish(self) -> None:
        """Report the odd rows of the whole sync."""
        self.report.notes += self._odd_rows.notes()

    def _take_discarded(self, tables: Sequence[pa.Table]) -> None:
        """Keep the orders on pages that proved nothing: such a version may be the one that is loaded."""
        self._batch.discarded += tables
        for table in tables:
            self.ports.undated.add_orders(table)

    def _add_covered(self, query: ListQuery) -> None:
        """Mark a range as covered.

        The overlap of earlier ranges is uncovered before: a sync that is killed may not read it once more.
        """
        if known := self._bound.known(query.window):
            if query.axis not in self._advancing and not self._options.is_repair:
                self._advancing.add(query.axis)
                self._state.covered[query.axis] = settled(self._state.covered[query.axis], self._options.overlap)
            self._state.cover(query.axis, known)

    def _mark_unproven(self, query: Query, uncounted: str | None) -> None:
        """Note what could not be proven. A list of one status need not be: orders that left it are fetched by id."""
        if isinstance(query, ListQuery) and query.status:
            return
        self.report.unproven.append(str(query))
        self.ports.has_unproven |= query.path != Axis.EVENTS.path
        if not self._options.allow_unproven:
            reason = (
                f"the API's total_results is {uncounted}, which is no count of rows, so nothing proves what was read"
                if uncounted
                else "the API's total_results does not agree with the rows it answered, however often and in however "
                "small parts they were read"
            )
            raise NotProven(f"{query}: {reason}. Nothing was published. Run again, or accept it with --allow-unproven.")

    def _take_events(self, read: Read) -> None:
        """Keep the events, and fetch the orders that they name for the first time."""
        table, state, bound = read.table, self._state, self._bound
        self.report.events_read += len(table)
        state.remember_unfinished(table, read.missing, bound.as_of)
        self._batch.events.append(table)
        self.ports.undated.add_dated(table.filter(pc.equal(table["payload__status"], "ported"))["portout_id"])
        new_from = (state.events_new_from or bound.as_of) - self._options.overlap
        recent_from = bound.as_of - self._options.overlap
        is_old = pc.less(table["created_at"], pa.scalar(new_from, INSTANT))
        news = table.filter(pc.invert(pc.fill_null(is_old, fill_value=False)))
        for event in news.select(["id", "portout_id", "created_at"]).to_pylist():
            created_at, order_id = event["created_at"], event["portout_id"]
            if event["id"] not in state.recent_events and order_id:
                state.to_read.add(order_id)
                self.to_refetch.add(order_id)
            if created_at and order_id in state.to_read:
                changed_at = created_at - ANNOUNCED_WITHIN
                self._changed_at[order_id] = max(changed_at, self._changed_at.get(order_id, changed_at))
            created_at = created_at or bound.known_until  # without a date, it is as old as its reading
            if recent_from <= created_at <= bound.known_until:
                state.recent_events[event["id"]] = created_at

    def _take_orders(self, read: Read) -> None:
        query, answers = read.query, self._keep_orders(read)
        self.has_missed |= bool(read.missing)
        shown = set(answers["id"].to_pylist())
        self.is_account_known = self.is_account_known or any(map(self._state.is_held, shown))
        outdated = self._outdated(read.table) if isinstance(query, ListQuery) else set()
        answered = {*shown, *read.missing} - outdated
        self.to_refetch -= answered
        self.to_refetch |= outdated
        self._state.to_read -= answered
        self._note_missing(read.missing)

    def _outdated(self, orders: pa.Table) -> set[str]:
        """Return the orders that a list shows older than they are held, or than an event that names them."""
        known = older(orders, self._versions.held), older(orders, self._changed_at)
        return {order_id for table in known for order_id in table["id"].to_pylist()}

    def _keep_orders(self, read: Read) -> pa.Table:
        """Add the orders of a read to the batch, and return those that this read answers for."""
        query, answers = read.query, read.table
        if isinstance(query, Lookup):
            self._versions.forget_held(answers)
            self._asked_for.update(answers["id"].to_pylist())
            self._batch.orders.append(self._only_news(answers))
            return answers
        if query.axis is Axis.PORTED:
            if not self._versions.is_first_load:
                self._batch.orders.append(self._only_news(answers, self._versions.held))
            self._batch.ported_ranges.append(self._ported_range(query, self._since_start(answers)["id"]))
            # Another status comes from a copy of the data that lags behind what it is filtered by.
            return answers.filter(pc.equal(answers["status"], "ported"))
        # What a range answers lies in it, whatever the order's own date says.
        self._batch.orders.append(not_older(self._versions.only_new(answers), self._versions.held))
        if is_range(query):
            self.ports.undated.add_orders(answers)
            self._state.count_orders(query.window, answers["inserted_at"])
        return answers

    def _ported_range(self, query: ListQuery, order_ids: pa.ChunkedArray) -> pa.Table:
        self.ports.undated.add_dated(order_ids)
        return ported_ranges_table(order_ids, query.window.start, query.window.end, self.report.as_of)

    def _note_missing(self, missing: Sequence[str]) -> None:
        """Report orders that the API no longer knows; those that were asked for by name are no longer held as open."""
        held = self._options.reread.keys() | self._state.open_orders.keys()
        self.report.missing += [order_id for order_id in missing if order_id in held]
        gone = self._options.reread.keys() & set(missing)
        for order_id in gone:
            self._state.open_orders.pop(order_id, None)
        self._state.witnesses = [order_id for order_id in self._state.witnesses if order_id not in gone]

    def _since_start(self, orders: pa.Table) -> pa.Table:
        """Leave out orders from before the warehouse's start."""
        too_early = pc.less(orders["inserted_at"], pa.scalar(self._state.start, INSTANT))
        return orders.filter(pc.invert(pc.fill_null(too_early, fill_value=False)))

    def _only_news(self, orders: pa.Table, held: Mapping[str, datetime | None] | None = None) -> pa.Table:
        """Leave out versions older than one that this sync has committed, or than those `held` from earlier syncs."""
        return not_older(self._versions.only_new(self._since_start(orders)), held or {})
