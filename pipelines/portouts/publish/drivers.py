"""Which packages the targets need. Nothing that takes long is imported, so a missing package is reported at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portouts.publish.target import Target


def needed_drivers(urls: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the packages that these targets need, each with the extra of portouts that brings it."""
    for target in map(Target, urls):
        if target.is_postgresql:
            yield "adbc_driver_postgresql", "postgresql"
