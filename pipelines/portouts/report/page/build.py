"""`portouts report`: what the notebooks show, as one HTML page that needs no other file.

A browser that opens the page fetches no script, style sheet, font or picture: the charts are inline SVG. The page shows
no code. It is written to a temporary file and then renamed, so a failure leaves the page of before.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import mistune

from portouts.errors import ReportFailed
from portouts.names import as_html, plain
from portouts.report.page.notebooks import Section, notebooks_folder, run_notebooks

DEFAULT_NAME = "portouts-report.html"


@dataclass(frozen=True)
class Report:
    """The page that was written, with its answers and the state of the data."""

    output: Path
    sections: Sequence[Section]

    @property
    def state(self) -> Mapping[str, Any]:
        """How reliable the data are: as_of, is_proven, certificate, and all of it as text."""
        return self.sections[0].state if self.sections else {}

    def to_json(self) -> dict[str, Any]:
        """Return what the command prints with --json."""
        return {
            "output": str(self.output),
            **{name: self.state.get(name) for name in ("as_of", "is_proven", "certificate")},
            "answers": {section.question: plain(section.headline) for section in self.sections},
        }

    def __str__(self) -> str:
        """Return what the command prints without --json."""
        answers = [f"{section.question} {plain(section.headline)}" for section in self.sections]
        return "\n".join([*answers, self.state.get("text", ""), f"Open it in a browser: {self.output}"])


def build_report(database: Path, output: Path | None = None, notebooks: Path | None = None) -> Report:
    """Run the notebooks against the published file and write the page, by default beside it.

    Raises `NotPublished`, `NotebookFailed` or `ReportFailed`, and then writes nothing.
    """
    target = (output or database.with_name(DEFAULT_NAME)).absolute()
    if target.is_dir() or (target.exists() and database.exists() and target.samefile(database)):
        raise ReportFailed(f"{target} cannot be replaced by the report; give --output another name.")
    sections = run_notebooks(database, notebooks or notebooks_folder())
    _write(target, _page(sections))
    return Report(target, sections)


class _Prose(mistune.HTMLRenderer):
    """Markdown of a notebook inside the page: each heading is one level lower."""

    def heading(self, text: str, level: int, **_attributes: Any) -> str:
        return super().heading(text, level + 1)


def _page(sections: Sequence[Section]) -> str:
    folder = jinja2.FileSystemLoader(Path(__file__).parent / "template")
    templates = jinja2.Environment(loader=folder, autoescape=True)
    templates.filters |= {"prose": mistune.create_markdown(renderer=_Prose(escape=False)), "as_html": as_html}
    page = templates.get_template("index.html.j2")
    return page.render(sections=sections, state=sections[0].state if sections else {})


def _write(target: Path, page: str) -> None:
    """Write the page and put it in its place in one step."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(page, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        raise ReportFailed(f"{target} cannot be written: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
