"""How one sync is to read, and the report of what it read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from portouts.measures import Measures
from portouts.records.odd_rows import unusable_notes
from portouts.records.privacy import KEEP, Privacy
from portouts.windows import BEGINNING, Window

Progress = Callable[[int, int], None]


def unwatched(_done: int, _total: int) -> None:
    """Ignore the progress of a sync."""


@dataclass(frozen=True)
class Callbacks:
    """What a command calls while it works."""

    on_progress: Progress = unwatched
    on_wait: Callable[[str], None] = lambda _reason: None
    """Called with the reason if no answer comes for a while."""
    is_stopping: Callable[[], bool] = lambda: False
    measures: Measures | None = None
    """Filled in meanwhile."""

    def measured(self) -> tuple[Callbacks, Measures]:
        """Return these callbacks with measures, which are new if none were given, and the measures."""
        measures = self.measures or Measures()
        return replace(self, measures=measures), measures


NO_CALLBACKS = Callbacks()


@dataclass(frozen=True)
class SyncOptions:
    """How to read; every field has a name under `[sources.telnyx]` or on the command line."""

    as_of: datetime
    since: datetime | None = None
    full: bool = False
    reread: Mapping[str, datetime | None] = field(default_factory=dict)
    """Read these orders, whose `inserted_at` may be known, and nothing else."""
    reread_events: Sequence[Window] = ()
    """Read the events of these ranges, and nothing else."""
    page_size: int = 250
    overlap: timedelta = timedelta(minutes=60)
    events: bool = True
    time_zone: tzinfo = UTC
    """Whose days and months orders are to be known to have been ported on."""
    privacy: Privacy = KEEP
    allow_unproven: bool = False
    accept_deletions: bool = False
    """Believe that the orders are gone which the API no longer knows, however many they are."""
    sync_id: str = ""
    batch_rows: int | None = None
    """Load a batch once it holds so many rows; None reads everything into one."""
    is_now: bool = False
    """`as_of` is what this machine took for the present."""
    inventory_every: timedelta | None = None
    """Read the whole list of numbers about so often, and count them in every sync; None: never ask for them."""
    inventory_tags: bool = False

    @property
    def is_repair(self) -> bool:
        """Return whether only certain orders or events are wanted."""
        return bool(self.reread or self.reread_events)

    @property
    def reads_inventory(self) -> bool:
        return self.inventory_every is not None and not self.is_repair


@dataclass(frozen=True)
class InventoryReport:
    """What a sync learnt of the numbers that the account holds."""

    counts: Mapping[str, int]
    """Status → numbers; `all` → all numbers. A status that could not be counted is absent."""
    is_list_proven: bool | None = None
    """Whether the whole list, if it was read, is proven; None if it was not read."""


@dataclass
class SyncReport:
    """What a sync did, for its caller."""

    as_of: datetime = BEGINNING
    """The instant up to which was read: the one asked for, unless the API's clock has not reached it."""
    api_date: datetime | None = None
    """The API's clock at the first answer, where it showed one."""
    requests: int = 0
    orders_read: int = 0
    events_read: int = 0
    strange_rows: int = 0
    """Rows with a value in `extra`."""
    missing: list[str] = field(default_factory=list)
    """Orders held open, or read again on demand, that the API no longer knows."""
    unproven: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)
    """Rows without an id, by the marks that stand for them: where they stood. They are counted and not loaded."""
    is_swept: bool = False
    """Every open status was listed."""
    inventory: InventoryReport | None = None
    """None: the sync did not ask for numbers."""

    @property
    def all_notes(self) -> list[str]:
        """List the notes, those on rows without an id last."""
        return [*self.notes, *unusable_notes(self.unusable)]


class RowCount:
    """Count the rows read and expected of one sync, for a progress bar."""

    def __init__(self, on_progress: Progress) -> None:
        self.expected = 0
        self._read = 0
        self._on_progress = on_progress

    def expect(self, rows: int) -> None:
        self.expected += rows

    def add(self, rows: int) -> None:
        self._read += rows
        self.expected = max(self.expected, self._read)
        self._on_progress(self._read, self.expected)
