"""The tree of errors that the module draws is the tree of the classes."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from typing import TYPE_CHECKING

import portouts
from portouts import errors
from portouts.errors import PortoutsError
from portouts.telnyx.errors import TelnyxError

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = re.compile(r"^([│├└─ ]*)(\w+) +(\d+)  \S", re.MULTILINE)


def drawn() -> set[tuple[str, str, int]]:
    """Read the drawing: each error with its parent and exit code."""
    found, above = set(), ["Exception"]
    for branch, name, code in LINE.findall(errors.__doc__ or ""):
        depth = len(branch) // 4
        above = [*above[: depth + 1], name]
        found.add((name, above[-2], int(code)))
    return found


def defined(error: type[PortoutsError]) -> Iterator[tuple[str, str, int]]:
    yield error.__name__, error.__bases__[0].__name__, error.exit_code
    if error is not TelnyxError:
        for child in error.__subclasses__():
            yield from defined(child)


def test_the_drawn_tree_shows_every_error_with_its_parent_and_exit_code() -> None:
    for module in pkgutil.walk_packages(portouts.__path__, "portouts."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    assert drawn() == set(defined(PortoutsError))
