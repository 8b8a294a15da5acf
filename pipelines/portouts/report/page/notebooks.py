"""Running the notebooks: one after the other in one kernel, with the interpreter that runs this one.

Each notebook begins with an empty namespace, as if it had been opened by hand. Modules stay imported, because to import
pandas and matplotlib takes longer than most notebooks. It does not matter which kernels are installed, how the user has
configured Jupyter, or whether the home folder is writable. The kernel ends with the last notebook, or when this process
dies. The surprise: a sync may replace the published file meanwhile. Then all notebooks run again, so that they never
show two versions on one page.
"""

from __future__ import annotations

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

from portouts.errors import NotebookFailed
from portouts.report.frames import connect

_PREPARATION = """
import altair
from portouts.report import theme
theme.enable()
altair.renderers.enable("mimetype")
get_ipython().reset(new_session=False)
"""
CELL_SECONDS = 600
ATTEMPTS = 3


@dataclass(frozen=True)
class Section:
    """One notebook after its run: its question (the first heading), its one-line answer, the state of the data."""

    notebook: str
    question: str
    headline: str
    state: Mapping[str, Any]
    cells: Sequence[NotebookNode]

    @classmethod
    def of(cls, name: str, notebook: NotebookNode) -> Section:
        """Collect what the report shows of a notebook."""
        question = next((cell.source.splitlines()[0] for cell in notebook.cells if cell.cell_type == "markdown"), name)
        values = _metadata_by_kind(notebook)
        headline = values.get("Answer", {}).get("headline", "")
        return cls(name, question.lstrip("# "), headline, values.get("State", {}), notebook.cells)

    @property
    def anchor(self) -> str:
        return self.notebook.removesuffix(".ipynb").replace("_", "-")


def notebooks_folder() -> Path:
    """Find the notebooks: inside the installed package, else in the checkout."""
    shipped = Path(__file__).parents[2] / "notebooks"
    return shipped if shipped.is_dir() else Path(__file__).parents[4] / "notebooks"


def run_notebooks(database: Path, folder: Path) -> list[Section]:
    """Run the numbered notebooks of a folder against one version of the published file.

    Raises `NotPublished` or `NotebookFailed`.
    """
    published, paths = database.absolute(), sorted(folder.glob("[0-9]*.ipynb"))
    for _ in range(ATTEMPTS):
        # The open connection keeps the inode in use, so that another version cannot get the same inode.
        with connect(published):
            before = published.stat().st_ino
            # In another thread nbclient installs no signal handlers, so Ctrl-C ends the report, not only a notebook.
            with start_blocking_portal() as portal:
                sections = portal.call(_run_all, published, paths)
        if published.stat().st_ino == before:
            return sections
    raise NotebookFailed(f"{database} was published anew each time while the notebooks ran. Try again later.")


async def _run_all(database: Path, paths: Sequence[Path]) -> list[Section]:
    """Run the notebooks one after the other in one kernel, in an empty folder."""
    with tempfile.TemporaryDirectory(prefix="portouts-") as folder:
        client = NotebookClient(
            _preparation(),
            kernel_manager_class=_OwnKernel.for_report(database, Path(folder)),
            resources={"metadata": {"path": folder}},
            timeout=CELL_SECONDS,
            shutdown_kernel="immediate",
        )
        async with client.async_setup_kernel():
            return [Section.of(path.name, await _run(path, client)) for path in paths]


async def _run(path: Path, client: NotebookClient) -> NotebookNode:
    """Run one notebook; what another one has defined is removed first, what it has imported is not imported again."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types
    try:
        for client.nb in (_preparation(), notebook):
            await client.async_execute(cleanup_kc=False)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise NotebookFailed(f"{path.name}, {_failed_cell(notebook)}: {_reason(error)}") from None
    return notebook


def _preparation() -> NotebookNode:
    """Return a notebook that sets up Altair for the page and removes all variables."""
    cell = nbformat.v4.new_code_cell(_PREPARATION)  # type: ignore[no-untyped-call]  # as above
    notebook: NotebookNode = nbformat.v4.new_notebook(cells=[cell])  # type: ignore[no-untyped-call]  # as above
    return notebook


class _OwnKernel(AsyncKernelManager):
    """A kernel of the interpreter that runs this; its files and sockets are in the working folder."""

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


def _metadata_by_kind(notebook: NotebookNode) -> Mapping[str, Mapping[str, Any]]:
    """Collect the metadata of a notebook's components by their kind; the first of each kind counts."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    metadata = [output.metadata["portouts"] for output in outputs if "portouts" in output.get("metadata", {})]
    return {values["kind"]: values for values in reversed(metadata)}
