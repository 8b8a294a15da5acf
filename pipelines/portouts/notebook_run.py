"""Running the notebooks: each in a process of its own, with the interpreter that runs this one.

Which kernels a machine has set up, what its user has configured for Jupyter, and whether the home can be written to
makes no difference. A kernel ends with its notebook, and by itself should this process die. The surprise: the published
file may be replaced meanwhile. Then all notebooks run again, so that together they never tell of two versions.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from anyio.from_thread import start_blocking_portal
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from portouts.analysis import connect
from portouts.errors import PortoutsError

CELL_SECONDS = 600
TRIES = 3


class NotebookFailed(PortoutsError):
    """A notebook could not be run to its end; the message names it and the cell."""


@dataclass(frozen=True)
class Section:
    """One notebook that has been run: its question (the first heading), its one-line answer, the state of the data."""

    notebook: str
    question: str
    headline: str
    state: Mapping[str, Any]
    cells: Sequence[NotebookNode]

    @classmethod
    def of(cls, name: str, notebook: NotebookNode) -> Section:
        """Find what the report says of a notebook."""
        question = next((cell.source.splitlines()[0] for cell in notebook.cells if cell.cell_type == "markdown"), name)
        facts = _facts(notebook)
        headline = facts.get("Answer", {}).get("headline", "")
        return cls(name, question.lstrip("# "), headline, facts.get("State", {}), notebook.cells)

    @property
    def anchor(self) -> str:
        return self.notebook.removesuffix(".ipynb").replace("_", "-")


def notebooks_folder() -> Path:
    """Find the notebooks: inside the installed package, else in the checkout."""
    shipped = Path(__file__).parent / "notebooks"
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "notebooks"


def run_notebooks(database: Path, folder: Path) -> list[Section]:
    """Run the numbered notebooks of a folder against one version of the published file.

    Raises `NotPublished` or `NotebookFailed`.
    """
    published, paths = database.absolute(), sorted(folder.glob("[0-9]*.ipynb"))
    for _ in range(TRIES):
        # Held open, so that the file's inode cannot come back under another version.
        with connect(published):
            before = published.stat().st_ino
            # In a thread of its own nbclient leaves the signals alone: Ctrl-C ends all notebooks, not the last one.
            with start_blocking_portal() as portal:
                sections = portal.call(_run_all, published, paths)
        if published.stat().st_ino == before:
            return sections
    raise NotebookFailed(f"{database} was published anew each time while the notebooks ran. Try again later.")


async def _run_all(database: Path, paths: Sequence[Path]) -> list[Section]:
    """Run all notebooks at a time; one that fails lets the others finish, so that each ends its own kernel."""
    runs = await asyncio.gather(*(_run(path, database) for path in paths), return_exceptions=True)
    for run in runs:
        if isinstance(run, BaseException):
            raise run
    done = zip(paths, runs, strict=True)
    return [Section.of(path.name, run) for path, run in done if not isinstance(run, BaseException)]


async def _run(path: Path, database: Path) -> NotebookNode:
    """Run one notebook in an empty folder."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types
    with tempfile.TemporaryDirectory(prefix="portouts-") as folder:
        client = NotebookClient(
            notebook,
            kernel_manager_class=_OwnKernel.for_report(database, Path(folder)),
            resources={"metadata": {"path": folder}},
            timeout=CELL_SECONDS,
        )
        try:
            await client.async_execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise NotebookFailed(f"{path.name}, {_failed_cell(notebook)}: {_reason(error)}") from None
    return notebook


class _OwnKernel(AsyncKernelManager):
    """A kernel of the interpreter that runs this, talked to through files of the working folder."""

    database: Path
    folder: Path

    @classmethod
    def for_report(cls, database: Path, folder: Path) -> type[_OwnKernel]:
        return type("_OwnKernel", (cls,), {"database": database, "folder": folder})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, connection_file=str(self.folder / "kernel.json"))
        self.transport = "tcp" if os.name == "nt" else "ipc"

    @property
    def kernel_spec(self) -> KernelSpec:
        settings = {"PORTOUTS_DATABASE": self.database}
        settings |= dict.fromkeys(("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"), self.folder)
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            language="python",
            display_name="portouts",
            env={name: str(path).replace("$", "$$") for name, path in settings.items()},
        )


def _failed_cell(notebook: NotebookNode) -> str:
    for number, cell in enumerate(notebook.cells, start=1):
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            return f"cell {number} ({cell.id})"
    return "a cell"


def _reason(error: Exception) -> str:
    if isinstance(error, CellExecutionError):
        return f"{error.ename}: {error.evalue}"
    return str(error).strip().splitlines()[0]


def _facts(notebook: NotebookNode) -> Mapping[str, Mapping[str, Any]]:
    """Collect what the exhibits of a notebook tell the report, by their kind; the first of a kind counts."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    told = [output.metadata["portouts"] for output in outputs if "portouts" in output.get("metadata", {})]
    return {facts["kind"]: facts for facts in reversed(told)}
