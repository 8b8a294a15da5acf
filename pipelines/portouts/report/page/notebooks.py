"""Running the notebooks: one after the other in one kernel, with the interpreter that runs this one.

Each notebook begins with an empty namespace and in its own folder, as if it had been opened by hand. Modules stay
imported, because to import pandas and Altair takes longer than most notebooks. It does not matter which kernels are
installed, how the user has configured Jupyter, or whether the home folder is writable. The kernel ends with the last
notebook, or when this process dies. The surprise: a sync may replace the published file meanwhile. Then all notebooks
run again, so that they never show two versions on one page.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
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

from portouts.errors import NotebookFailed, ReportFailed
from portouts.report.frames import connect
from portouts.report.page.state import State, read_state

# Altair's own renderer "mimetype" names a type under which a notebook cannot hold JSON.
_PREPARATION = """
import altair, os
from portouts.report import theme
os.chdir({folder!r})
theme.enable()
altair.renderers.register("page", lambda spec, **_: {{"application/vnd.vegalite.v6+json": spec}})
altair.renderers.enable("page")
get_ipython().reset(new_session=False)
"""
_OTHER_VERSION = "\nIf another version of portouts published this file, run `portouts models` first."
CELL_SECONDS = 600
ATTEMPTS = 3


@dataclass(frozen=True)
class Section:
    """One notebook after its run: its question (the first heading), its one-line answer, its cells.

    The answer is the `headline` of the first output whose metadata have it under "portouts" with the kind "Answer".
    """

    notebook: str
    question: str
    headline: str
    cells: Sequence[NotebookNode]

    @classmethod
    def of(cls, name: str, notebook: NotebookNode) -> Section:
        """Collect what the report shows of a notebook."""
        prose = (cell.source.strip() for cell in notebook.cells if cell.cell_type == "markdown")
        question = next((text.splitlines()[0].lstrip("# ") for text in prose if text), name.removesuffix(".ipynb"))
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        ours = [output.metadata["portouts"] for output in outputs if "portouts" in output.get("metadata", {})]
        headlines = (values["headline"] for values in ours if values["kind"] == "Answer")
        return cls(name, question, next(headlines, ""), notebook.cells)

    @property
    def anchor(self) -> str:
        """The name of the notebook as the address of its section; it begins with a letter."""
        words = re.sub(r"[^a-z0-9]+", "-", self.notebook.removesuffix(".ipynb").lower()).strip("-")
        return words if words[:1].isalpha() else f"q-{words}"


def notebooks_folder() -> Path:
    """Find the notebooks: inside the installed package, else in the checkout."""
    shipped = Path(__file__).parents[2] / "notebooks"
    return shipped if shipped.is_dir() else Path(__file__).parents[4] / "notebooks"


def own_notebooks() -> list[Path]:
    """List the notebooks of portouts in their order."""
    return sorted(notebooks_folder().glob("*.ipynb"))


def notebooks_in(folders: Iterable[Path], *, with_own: bool) -> list[Path]:
    """List the notebooks of folders, sorted by name; of two with one name the one of the later folder counts.

    Raises `NotebookFailed` for a folder without notebooks.
    """
    found = {path.name: path for path in (own_notebooks() if with_own else [])}
    for folder in folders:
        notebooks = {path.name: path for path in folder.glob("*.ipynb")}
        if not notebooks:
            raise NotebookFailed(f"{folder} has no notebook (*.ipynb). Name the folder in which yours are.")
        found |= notebooks
    return [found[name] for name in sorted(found)]


def write_own_notebooks(folder: Path) -> list[Path]:
    """Copy our notebooks into a folder, to be changed there; raises `ReportFailed` if one of them exists."""
    targets = {source: folder / source.name for source in own_notebooks()}
    if existing := [target.name for target in targets.values() if target.exists()]:
        raise ReportFailed(f"{folder} has {', '.join(existing)} already, and nothing is replaced. Name another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source, target in targets.items():
            target.write_bytes(source.read_bytes())
    except OSError as error:
        raise ReportFailed(f"{folder} cannot be written: {error.strerror}.") from None
    return list(targets.values())


def run_notebooks(database: Path, paths: Sequence[Path]) -> tuple[list[Section], State]:
    """Run notebooks in their order against one version of the published file, and read its state.

    Raises `NotPublished` or `NotebookFailed`.
    """
    published = database.absolute()
    for _ in range(ATTEMPTS):
        # The open connection keeps the inode in use, so that another version cannot get the same inode.
        with connect(published) as connection:
            before, state = published.stat().st_ino, read_state(connection)
            # In another thread nbclient installs no signal handlers, so Ctrl-C ends the report, not only a notebook.
            with start_blocking_portal() as portal:
                sections = portal.call(_run_all, published, [path.absolute() for path in paths])
        if published.stat().st_ino == before:
            return sections, state
    raise NotebookFailed(f"{database} was published anew each time while the notebooks ran. Try again later.")


async def _run_all(database: Path, paths: Sequence[Path]) -> list[Section]:
    """Run the notebooks one after the other in one kernel, whose files are in an empty folder."""
    with tempfile.TemporaryDirectory(prefix="portouts-") as folder:
        client = NotebookClient(
            _preparation(Path(folder)),
            kernel_manager_class=_OwnKernel.for_report(database, Path(folder)),
            resources={"metadata": {"path": folder}},
            timeout=CELL_SECONDS,
            shutdown_kernel="immediate",
        )
        async with client.async_setup_kernel():
            return [Section.of(path.name, await _run(path, client)) for path in paths]


async def _run(path: Path, client: NotebookClient) -> NotebookNode:
    """Run one notebook; what another one has defined is removed first, what it has imported is not imported again."""
    notebook = _read(path)
    try:
        for client.nb in (_preparation(path.parent), notebook):
            await client.async_execute(cleanup_kc=False)
    except (CellExecutionError, CellTimeoutError, DeadKernelError, nbformat.ValidationError) as error:
        raise NotebookFailed(f"{path.name}, {_failure(notebook, error)}") from None
    return notebook


def _read(path: Path) -> NotebookNode:
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat is untyped
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise NotebookFailed(f"{path} is no notebook that can be read: {_first_line(error)}") from None
    return notebook


def _preparation(folder: Path) -> NotebookNode:
    """Return a notebook that sets up Altair for the page, goes to the notebook's folder and removes all variables."""
    code = _PREPARATION.format(folder=str(folder))
    cell = nbformat.v4.new_code_cell(code)  # type: ignore[no-untyped-call]  # as above
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


def _failure(notebook: NotebookNode, error: Exception) -> str:
    """Say which cell failed and why; the error that a cell shows is better than that of the reply."""
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                hint = _OTHER_VERSION if output.ename in {"BinderException", "CatalogException"} else ""
                return f"cell {number} ({cell.id}): {output.ename}: {output.evalue}{hint}"
    return f"a cell: {_first_line(error)}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
