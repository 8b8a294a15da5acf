"""Promises of the project's own files: declared packages, locks, the commands of README.md, the wheel."""

from __future__ import annotations

import re
import sys
import tomllib
import zipfile
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path
from pkgutil import walk_packages

import grimp
import portouts
import pytest
from hatchling.builders.wheel import WheelBuilder
from portouts.errors import PortoutsError

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pipelines" / "portouts"
SANDBOX = ROOT / "pipelines" / "portouts_sandbox"
LOCKS = ("requirements.lock", "requirements-dev.lock")
LOCK_OF_SPARK = "requirements-spark.lock"
SHIPPED = {".py", ".sql", ".ipynb", ".csv", ".j2", ".css", ".js"}
STANDARD_LIBRARY = frozenset(sys.stdlib_module_names)
PROVIDERS = packages_distributions()  # import name → distributions


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    """Return which module imports what; `lint-imports` holds the rules between folders."""
    return grimp.build_graph("portouts", "portouts_sandbox", include_external_packages=True)


def public_errors() -> list[type[Exception]]:
    """List the error classes of the package whose names do not begin with an underscore."""
    names = [found.name for found in walk_packages(portouts.__path__, "portouts.")]
    modules = [import_module(name) for name in names if not name.endswith("__main__")]
    members = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    return [
        kind
        for kind in members
        if issubclass(kind, Exception) and kind.__module__.startswith("portouts.") and not kind.__name__.startswith("_")
    ]


def test_every_public_error_ends_a_command_with_a_documented_exit_code() -> None:
    assert len(public_errors()) > 20
    assert [kind for kind in public_errors() if Exception in kind.__bases__] == [PortoutsError]
    assert {kind.exit_code for kind in public_errors() if issubclass(kind, PortoutsError)} == {1, 2, 4, 75}


# Extra → the modules that may import what it installs.
MODULES_OF_EXTRA = {
    "sandbox": ("portouts_sandbox",),
    "report": ("portouts.report", "portouts.transform.dictionary"),
    "alerts": ("portouts.monitor.alerts.sender",),
    "metrics": ("portouts.monitor.metrics",),
    "pandas": ("portouts.report",),
    "excel": ("portouts.warehouse.export.workbook",),
    "postgresql": ("portouts.publish.postgresql",),
    "spark": ("portouts.spark",),
}


def declared_distributions(module: str) -> set[str]:
    """Return the distributions named in pyproject.toml that a module may count on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = list(project["dependencies"])
    for extra, modules in MODULES_OF_EXTRA.items():
        requirements += project["optional-dependencies"][extra] if module.startswith(modules) else []
    names = {normalised(re.split(r"[\[<>=!~; ]", requirement)[0]) for requirement in requirements}
    return names - {"portouts"}  # an extra that includes another one


def normalised(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


def test_every_package_imported_is_a_declared_dependency(imports: grimp.ImportGraph) -> None:
    own = {module for module in imports.modules if module.startswith("portouts")}
    foreign = [
        (module, package)
        for module in sorted(own)
        for package in imports.find_modules_directly_imported_by(module) - own
        if package not in STANDARD_LIBRARY
    ]
    assert len(foreign) > 50
    undeclared = [
        f"{module} imports {package}"
        for module, package in foreign
        if not declared_distributions(module) & {normalised(name) for name in PROVIDERS.get(package, [package])}
    ]
    assert undeclared == []


@pytest.mark.parametrize("lock", [*LOCKS, LOCK_OF_SPARK])
def test_a_lock_names_no_host_and_no_folder(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert re.findall(r".*(?:://|@ |--index|--find-links| /|file:).*", text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_exact_version_and_hashes_and_comes_as_a_wheel(lock: str) -> None:
    text = re.sub(r"^ *#.*\n", "", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    option, empty, *entries = text.replace("\\\n", "").splitlines()
    assert (option, empty) == ("--only-binary :all:", "")  # pip then runs nothing of a package to install it
    wanted = re.compile(r"[a-z0-9._-]+(\[[a-z,]+\])?==[^ ]+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+")
    assert [entry for entry in entries if not wanted.fullmatch(entry.strip())] == []


def test_only_spark_is_locked_as_a_source_distribution() -> None:
    text = (ROOT / LOCK_OF_SPARK).read_text(encoding="utf-8")
    assert text.startswith("--only-binary :all:\n--no-binary pyspark\n\n")  # pip undoes what stands before `:all:`
    entries = re.findall(r"^([a-z0-9]+)==\S+((?: \\\n +--hash=sha256:[0-9a-f]{64})+)\n", text, re.MULTILINE)
    assert [name for name, _ in entries] == ["py4j", "pyspark"]


def locked_pins(lock: str) -> set[str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return set(re.findall(r"^[a-z0-9._-]+==[^\\\n]+", text, re.MULTILINE))


def test_the_developers_lock_has_the_users_versions() -> None:
    assert locked_pins("requirements.lock") - locked_pins("requirements-dev.lock") == set()


def test_every_declared_dependency_is_locked() -> None:
    locked = {re.split("==", pin)[0] for pin in locked_pins("requirements.lock")}
    declared = declared_distributions("portouts_sandbox.api.app") | declared_distributions("portouts.report.page.build")
    assert declared - {normalised(name) for name in locked} == set()


def test_the_wheel_ships_both_packages_the_sql_the_notebooks_and_the_templates_of_schedules(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    shipped = set(zipfile.ZipFile(wheel).namelist())
    folders = {
        "portouts": PACKAGE,
        "portouts/sql": ROOT / "sql",
        "portouts/notebooks": ROOT / "notebooks",
        "portouts/deploy": ROOT / "deploy",
        "portouts_sandbox": SANDBOX,
    }
    expected = {
        f"{target}/{file.relative_to(folder).as_posix()}"
        for target, folder in folders.items()
        for file in folder.rglob("*")
        if file.is_file() and (target == "portouts/deploy" or file.suffix in SHIPPED)
    }
    assert expected - shipped == set()
    assert {name.split("/")[0] for name in shipped if ".dist-info/" not in name} == {"portouts", "portouts_sandbox"}
