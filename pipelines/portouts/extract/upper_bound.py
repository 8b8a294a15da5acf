"""The instant up to which a sync reads: the one asked for, unless the API's own clock has not reached it.

No range that counts as covered reaches beyond the API's clock, whatever the clock of this machine shows.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from portouts.errors import SettingsError
from portouts.extract.options import SyncOptions, SyncReport
from portouts.extract.plan import require_range
from portouts.extract.state import SyncState
from portouts.telnyx.clock import TOLERANCE, WORTH_A_WARNING, ApiClock, written_span
from portouts.windows import BEGINNING, RESOLUTION, Window, ceil_to_resolution


class UpperBound:
    """The upper bound of one sync; it moves once, when the first answer shows the API's clock."""

    as_of: datetime
    """Rounded up to whole milliseconds; the report has it exactly."""
    known_until: datetime
    """The last instant that what is read now can cover: it has passed by the API's clock, where the API shows one."""

    def __init__(self, options: SyncOptions, report: SyncReport) -> None:
        self._options = options
        self._report = report
        self._read_up_to(options.as_of)

    def _read_up_to(self, instant: datetime) -> None:
        self._report.as_of = instant
        self.as_of = self.known_until = ceil_to_resolution(instant)

    def within(self, state: SyncState) -> Window:
        """Return the window that all ranges of this sync lie in."""
        return Window(state.start or BEGINNING, self.as_of + RESOLUTION)

    def known(self, window: Window) -> Window | None:
        """Cut off the part of a window that lies beyond the API's clock."""
        end = min(window.end, self.known_until + RESOLUTION)
        return Window(window.start, end) if window.start < end else None

    def follow(self, clock: ApiClock, state: SyncState) -> bool:
        """Bound this sync and the covered ranges by the API's clock; return whether that changes the plan.

        Raises `SettingsError` if nothing is left to read up to this bound, or if the last sync read further.
        """
        planned = self.as_of, state.covered
        if clock.date:
            ahead = clock.ahead if self._options.is_now else timedelta()
            if state.bound_by_api_clock(clock.date, ahead, self._options.overlap):
                self._report.notes.append(
                    "An earlier sync ran by a clock that was ahead of the API's, so that some of it was never read. "
                    "Everything is read again, once."
                )
            self._follow(clock, clock.date, state)
            self.known_until = min(self.as_of, clock.date)
            state.confirmed_until = max(state.confirmed_until or self.known_until, self.known_until)
            state.events_new_from = min(state.events_new_from or self.known_until, self.known_until)
            self._report.api_date = clock.date
        self._require_later_than_last_sync(state)
        require_range("--since or start_date", state.start, self.as_of)
        return planned != (self.as_of, state.covered)

    def _follow(self, clock: ApiClock, date: datetime, state: SyncState) -> None:
        """Take the API's clock if ours is ahead of it, or if now is asked for and ours does not know it."""
        asked, covered_until = self.as_of, state.covered_until()
        is_behind = -clock.ahead > TOLERANCE or (covered_until is not None and asked + RESOLUTION < covered_until)
        if asked > date + TOLERANCE or (self._options.is_now and is_behind):
            self._read_up_to(date)
        if abs(clock.ahead) >= WORTH_A_WARNING and (self._options.is_now or self.as_of != asked):
            side = "ahead of" if clock.ahead > timedelta() else "behind"
            self._report.notes.append(
                f"This machine's clock is {written_span(clock.ahead)} {side} the API's; the API's is used."
            )
        elif asked - self.as_of >= WORTH_A_WARNING:
            self._report.notes.append(
                f"{asked.isoformat()} lies {written_span(asked - self.as_of)} after the API's own clock; "
                f"read up to {self.as_of.isoformat()}."
            )

    def _require_later_than_last_sync(self, state: SyncState) -> None:
        """Refuse an instant before the last sync's: the rows held are newer, and older versions are overwritten."""
        until = state.covered_until()
        if until is not None and self.as_of + RESOLUTION < until:
            raise SettingsError(
                f"--as-of {self.as_of.isoformat()} (by default, this machine's clock) lies before the last sync, "
                f"which read up to {(until - RESOLUTION).isoformat()}. Give that instant or a later one; another "
                "--database can begin anew."
            )
