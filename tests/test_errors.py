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
    from types import ModuleType

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


def import_all() -> list[ModuleType]:
    names = [module.name for module in pkgutil.walk_packages(portouts.__path__, "portouts.")]
    return [import_module(name) for name in names if not name.endswith("__main__")]


def test_the_drawn_tree_shows_every_error_with_its_parent_and_exit_code() -> None:
    import_all()
    assert drawn() == set(defined(PortoutsError))


def test_only_the_root_of_the_tree_derives_from_exception_itself() -> None:
    classes = {one for module in import_all() for one in vars(module).values() if isinstance(one, type)}
    ours = [one for one in classes if issubclass(one, Exception) and one.__module__.startswith("portouts.")]
    assert PortoutsError in ours
    assert {one for one in ours if Exception in one.__bases__ and not one.__name__.startswith("_")} == {PortoutsError}
