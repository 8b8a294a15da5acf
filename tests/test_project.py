"""Promises of the project's own files: which room may import what, what is shipped, and what is named where.

Rules are rows of the tables below. A room is a module or package, named by its path in `portouts`, or in `pipelines`
if it belongs to `portouts_sandbox/`; only files that exist are looked at.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hatchling.builders.wheel import WheelBuilder

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pipelines" / "portouts"
SANDBOX = ROOT / "pipelines" / "portouts_sandbox"
MODULES = sorted([*PACKAGE.rglob("*.py"), *SANDBOX.rglob("*.py")])
LOCKS = ("requirements.lock", "requirements-dev.lock")
STANDARD_LIBRARY = frozenset(sys.stdlib_module_names)
PROVIDERS = packages_distributions()  # import name → distributions

# What is imported → the only rooms that may import it.
IMPORTED_ONLY_BY = {
    "httpx": {"telnyx/client.py", "telnyx/errors.py", "telnyx/network.py"},
    "dlt": {
        "load/recovery.py",
        "load/pipeline.py",
        "load/dlt_config.py",
        "load/settings.py",
        "load/source.py",
        "warehouse/warehouse.py",
    },
    "typer": {"commands/"},
    "matplotlib": {"report/figure.py", "report/charts.py"},
    "nbclient": {"report/notebooks.py"},
    "nbconvert": {"report/page.py"},
    "starlette": {"portouts_sandbox/"},
    "uvicorn": {"portouts_sandbox/"},
    "portouts_sandbox": {"portouts_sandbox/", "commands/sandbox.py", "commands/jobs/demo.py"},
    "portouts.commands.app": {"__main__.py", "commands/reference.py"},
    "telnyx": set[str](),
    "pytest": set[str](),
}

# Room → the only things it may import besides the standard library; the sandbox knows nothing of the product, and
# its own imports go from `api` to `world`, `store` and `story`.
IMPORTS_NOTHING_BUT = {
    "errors.py": set[str](),
    "windows.py": set[str](),
    "portouts_sandbox/": {"portouts_sandbox", "anyio", "orjson", "starlette", "uvicorn"},
    "portouts_sandbox/story/": {"portouts_sandbox.story", "orjson"},
    "portouts_sandbox/store/": {"portouts_sandbox.store", "portouts_sandbox.story", "orjson"},
    "portouts_sandbox/world.py": {"portouts_sandbox.store", "portouts_sandbox.story"},
}

# What is read from the surroundings → the only rooms that may read it; all others are handed their settings.
READ_ONLY_BY = {
    "os.environ": {
        "report/frames.py",
        "commands/terminal/environment.py",
        "commands/terminal/process.py",
        "load/settings.py",
    },
    "os.getenv": {
        "report/frames.py",
        "commands/terminal/environment.py",
        "commands/terminal/process.py",
        "load/settings.py",
    },
    "datetime.now": {"commands/terminal/environment.py", "load/source.py"},
    "datetime.utcnow": set[str](),
    "date.today": set[str](),
}


class Import(NamedTuple):
    """One imported name, with its line for the message."""

    name: str
    line: int


def room_of(module: Path) -> str:
    return module.relative_to(PACKAGE if module.is_relative_to(PACKAGE) else PACKAGE.parent).as_posix()


def lies_in(room: str, rooms: set[str]) -> bool:
    return any(room == other or (other.endswith("/") and room.startswith(other)) for other in rooms)


def is_part_of(name: str, whole: str) -> bool:
    return name == whole or name.startswith(f"{whole}.")


def imports_of(source: str, room: str) -> Iterator[Import]:
    """Yield what a module imports, as absolute names; `from a import b` is `a.b`, since b may be a module."""
    folders = room.split("/")[:-1]
    package = folders if folders[:1] == ["portouts_sandbox"] else ["portouts", *folders]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            parts = [*base, *([node.module] if node.module else [])]
            yield from (Import(".".join([*parts, alias.name]), node.lineno) for alias in node.names)


def names_read_in(source: str) -> Iterator[Import]:
    """Yield every dotted name, and every `from a import b` as `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            yield Import(ast.unparse(node), node.lineno)
    yield from imports_of(source, "")


def imported_where_forbidden(source: str, room: str) -> list[str]:
    return [
        f"{room}:{line} imports {name}"
        for name, line in imports_of(source, room)
        for whole, rooms in IMPORTED_ONLY_BY.items()
        if is_part_of(name, whole) and not lies_in(room, rooms)
    ]


def imported_beyond_the_list(source: str, room: str) -> list[str]:
    return [
        f"{room}:{line} imports {name}"
        for restricted, allowed in IMPORTS_NOTHING_BUT.items()
        if lies_in(room, {restricted})
        for name, line in imports_of(source, room)
        if name.split(".")[0] not in STANDARD_LIBRARY and not any(is_part_of(name, whole) for whole in allowed)
    ]


def read_where_forbidden(source: str, room: str) -> list[str]:
    return [
        f"{room}:{line} reads {name}"
        for name, line in names_read_in(source)
        for what, rooms in READ_ONLY_BY.items()
        if f".{name}".endswith(f".{what}") and not lies_in(room, rooms)
    ]


RULES = (imported_where_forbidden, imported_beyond_the_list, read_where_forbidden)


@pytest.mark.parametrize("module", MODULES, ids=room_of)
def test_a_room_keeps_to_the_import_rules(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    assert [broken for rule in RULES for broken in rule(source, room_of(module))] == []


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("transform/build.py", "import httpx"),
        ("commands/app.py", "from dlt.common import json"),
        ("windows.py", "import orjson"),
        ("windows.py", "from portouts.records.arrow import Json"),
        ("records/arrow.py", "def late():\n    import dlt.sources"),
        ("transform/build.py", "from portouts_sandbox import World"),
        ("transform/build.py", "import portouts_sandbox.world"),
        ("portouts_sandbox/api/app.py", "from portouts.records.arrow import SCHEMA"),
        ("portouts_sandbox/world.py", "from .api.app import create_app"),
        ("portouts_sandbox/store/rows.py", "from portouts_sandbox.world import World"),
        ("portouts_sandbox/store/rows.py", "from ..world import World"),
        ("portouts_sandbox/story/clock.py", "from portouts_sandbox.store.rows import Order"),
        ("warehouse/warehouse.py", "import os\nos.environ['HOME']"),
        ("warehouse/warehouse.py", "from os import environ"),
        ("transform/build.py", "from datetime import datetime\ndatetime.now()"),
        ("transform/build.py", "import datetime as dt\ndt.datetime.now(dt.UTC)"),
    ],
)
def test_a_breach_is_seen(room: str, line: str) -> None:
    assert [broken for rule in RULES for broken in rule(line, room)] != []


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("telnyx/client.py", "import httpx"),
        ("load/settings.py", "import dlt\nimport os\nos.environ.get('TELNYX_API_KEY')"),
        (
            "portouts_sandbox/api/app.py",
            "from portouts_sandbox.world import World\nfrom starlette.routing import Route",
        ),
        ("windows.py", "from datetime import UTC"),
        ("transform/build.py", "import telnyx_like"),
    ],
)
def test_what_is_allowed_passes(room: str, line: str) -> None:
    assert [broken for rule in RULES for broken in rule(line, room)] == []


@pytest.mark.parametrize("module", MODULES, ids=room_of)
def test_every_error_that_may_end_a_command_tells_its_exit_code(module: Path) -> None:
    if room_of(module) == "errors.py" or lies_in(room_of(module), {"portouts_sandbox/"}):
        return
    classes = [node for node in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(node, ast.ClassDef)]
    bare = [one.name for one in classes if "Exception" in map(ast.unparse, one.bases)]
    assert [name for name in bare if not name.startswith("_")] == []


# Extra → the rooms that may import what it installs.
ROOMS_OF_EXTRA = {
    "sandbox": {"portouts_sandbox/"},
    "report": {"report/figure.py", "report/charts.py", "report/notebooks.py", "report/page.py"},
}


def declared_distributions(room: str) -> set[str]:
    """Return the distributions named in pyproject.toml that a room may count on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = list(project["dependencies"])
    for extra, rooms in ROOMS_OF_EXTRA.items():
        requirements += project["optional-dependencies"][extra] if lies_in(room, rooms) else []
    return {normalised(re.split(r"[\[<>=!~; ]", requirement)[0]) for requirement in requirements}


def normalised(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


@pytest.mark.parametrize("module", MODULES, ids=room_of)
def test_every_package_imported_is_a_declared_dependency(module: Path) -> None:
    room = room_of(module)
    declared = declared_distributions(room)
    roots = {name.split(".")[0] for name, _ in imports_of(module.read_text(encoding="utf-8"), room)}
    foreign = roots - STANDARD_LIBRARY - {"portouts", "portouts_sandbox"}
    assert {name for name in foreign if not declared & {normalised(d) for d in PROVIDERS.get(name, [])}} == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_no_folder(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert re.findall(r".*(?:://|@ |--index|--find-links| /|file:).*", text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_exact_version_and_hashes(lock: str) -> None:
    text = re.sub(r"^ *#.*\n", "", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    entries = text.replace("\\\n", "").splitlines()
    wanted = re.compile(r"[a-z0-9._-]+(\[[a-z,]+\])?==[^ ]+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+")
    assert [entry for entry in entries if not wanted.fullmatch(entry.strip())] == []


def locked_pins(lock: str) -> set[str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return set(re.findall(r"^[a-z0-9._-]+==[^\\\n]+", text, re.MULTILINE))


def test_the_developers_lock_has_the_users_versions() -> None:
    assert locked_pins("requirements.lock") - locked_pins("requirements-dev.lock") == set()


def test_every_declared_dependency_is_locked() -> None:
    locked = {re.split("==", pin)[0] for pin in locked_pins("requirements.lock")}
    declared = declared_distributions("portouts_sandbox/api/app.py") | declared_distributions("report/page.py")
    assert declared - {normalised(name) for name in locked} == set()


def test_the_wheel_ships_both_packages_the_sql_and_the_notebooks(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    shipped = set(zipfile.ZipFile(wheel).namelist())
    folders = {
        "portouts": PACKAGE,
        "portouts/sql": ROOT / "sql",
        "portouts/notebooks": ROOT / "notebooks",
        "portouts_sandbox": SANDBOX,
    }
    expected = {
        f"{target}/{file.relative_to(folder).as_posix()}"
        for target, folder in folders.items()
        for file in folder.rglob("*")
        if file.is_file() and file.suffix in {".py", ".sql", ".ipynb", ".csv", ".j2", ".css"}
    }
    assert expected - shipped == set()
    assert {name.split("/")[0] for name in shipped if ".dist-info/" not in name} == {"portouts", "portouts_sandbox"}
