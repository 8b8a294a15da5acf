"""Rules of time zones: those of the package tzdata, for reading and for models, and never those of the system.

A system may hold rules of years ago, and DuckDB brings rules of its own: days that are cut by one and counted by
another differ. So a zone is read from the package alone, and models join a table of its UTC offsets.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

PACKAGE = "tzdata"
WEEK, SECOND = timedelta(days=7), timedelta(seconds=1)
YEAR_ONE, YEAR_LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


class UtcOffset(NamedTuple):
    """One stretch of time in which a zone keeps one distance from UTC: `[starts_at, ends_at)`, and by its own clock.

    Where clocks go back, local times that come twice are those before the change; where clocks go forward, local times
    that never come are read as if the change came later.
    """

    time_zone: str
    starts_at: datetime
    ends_at: datetime
    local_starts_at: datetime
    local_ends_at: datetime
    utc_offset_seconds: int


@cache
def rules_version() -> str:
    """Return the release of the time zone database in use, such as 2026a."""
    first_line = _read("zoneinfo", "tzdata.zi").splitlines()[0]
    return first_line.removeprefix("# version ")


@cache
def known_zones() -> frozenset[str]:
    """List the IANA names that the package knows."""
    return frozenset(_read("zones").split())


@cache
def time_zone(name: str) -> ZoneInfo:
    """Return the rules of one zone; raises `ValueError` for a name that the package does not know."""
    if name not in known_zones():
        raise ValueError(f"tzdata {rules_version()} knows no time zone {name!r}")
    with files(PACKAGE).joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def zones_of_country() -> dict[str, tuple[str, ...]]:
    """Return the zones of each ISO 3166 country, that of most of the country first."""
    lines = [line.split("\t") for line in _read("zoneinfo", "zone.tab").splitlines() if not line.startswith("#")]
    found: dict[str, tuple[str, ...]] = {}
    for country, _, name, *_remarks in sorted(lines, key=lambda line: "most of" not in line[-1]):
        found[country] = (*found.get(country, ()), name)
    return found


def country_of_zone(name: str) -> str | None:
    """Return the country to which a zone belongs; none for UTC and the like, and for former names."""
    return next((country for country, zones in zones_of_country().items() if name in zones), None)


def offset_at(zone: ZoneInfo, instant: datetime) -> timedelta:
    """Return how far a zone is ahead of UTC at an instant."""
    return instant.astimezone(zone).utcoffset() or timedelta()


def utc_offsets(name: str, first: datetime, last: datetime) -> list[UtcOffset]:
    """List the offsets of a zone between two instants, in order; the first and the last reach as far as time does."""
    zone = time_zone(name)
    turns = list(_turns(zone, first, last))
    offsets = [offset_at(zone, first), *(offset_at(zone, turn) for turn in turns)]
    local_turns = [
        (turn + max(before, after)).replace(tzinfo=None)
        for turn, (before, after) in zip(turns, pairwise(offsets), strict=True)
    ]
    return [
        UtcOffset(name, starts_at, ends_at, local_starts_at, local_ends_at, int(offset.total_seconds()))
        for (starts_at, ends_at), (local_starts_at, local_ends_at), offset in zip(
            pairwise([YEAR_ONE, *turns, YEAR_LAST]),
            pairwise([YEAR_ONE.replace(tzinfo=None), *local_turns, YEAR_LAST.replace(tzinfo=None)]),
            offsets,
            strict=True,
        )
    ]


def _turns(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """Find the instants at which the offset changes. No zone has changed it twice in a week."""
    before, old = first, offset_at(zone, first)
    while before < last:
        after = before + WEEK
        new = offset_at(zone, after)
        if new != old:
            yield _turn(zone, before, after)
        before, old = after, new


def _turn(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Find the second at which the offset of `before` ends."""
    old = offset_at(zone, before)
    while after - before > SECOND:
        middle = before + (after - before) // SECOND // 2 * SECOND
        if offset_at(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _read(*path: str) -> str:
    return files(PACKAGE).joinpath(*path).read_text(encoding="utf-8")
