"""`portouts report`: what the notebooks show, as one HTML page that needs no other file.

A browser that opens the page fetches no script, style sheet, font or picture, and the page forbids it to. Without
scripts it shows the charts as pictures. The page shows no code. It is written to a temporary file and then renamed, so
a failure leaves the page of before.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from portouts.errors import ReportFailed
from portouts.names import as_html, plain
from portouts.report.page.charts import Period
from portouts.report.page.notebooks import Section, own_notebooks, run_notebooks
from portouts.report.page.outputs import parts_of
from portouts.report.page.state import State
from portouts.report.page.styles import colour_rules, content_policy, scripts, templates
from portouts.report.theme import DEFAULT_PERIOD, PERIODS

DEFAULT_NAME = "portouts-report.html"


@dataclass(frozen=True)
class Report:
    """The page that was written, with its answers and the state of the data."""

    output: Path
    sections: Sequence[Section]
    state: State

    def to_json(self) -> dict[str, Any]:
        """Return what the command prints with --json."""
        return {
            "output": str(self.output),
            "as_of": self.state.as_of.isoformat() if self.state.as_of else None,
            "is_proven": self.state.is_proven,
            "certificate": self.state.certificate,
            "answers": {section.question: plain(section.headline) for section in self.sections},
        }

    def __str__(self) -> str:
        """Return what the command prints without --json."""
        answers = [f"{section.question} {plain(section.headline)}".rstrip() for section in self.sections]
        return "\n".join([*answers, self.state.text, f"Open it in a browser: {self.output}"])


def build_report(database: Path, output: Path | None = None, notebooks: Sequence[Path] | None = None) -> Report:
    """Run notebooks (default: ours) against the published file and write the page, by default beside it.

    Raises `NotPublished`, `NotebookFailed` or `ReportFailed`, and then writes nothing.
    """
    target = (output or database.with_name(DEFAULT_NAME)).absolute()
    if target.is_dir() or (target.exists() and database.exists() and target.samefile(database)):
        raise ReportFailed(f"{target} cannot be replaced by the report; give --output another name.")
    sections, state = run_notebooks(database, own_notebooks() if notebooks is None else notebooks)
    _write(target, _page(sections, state))
    return Report(target, sections, state)


def _page(sections: Sequence[Section], state: State) -> str:
    period = Period(state.last_day)
    shown = [(section, parts_of(section, period)) for section in sections]
    allowed = scripts(has_charts=any(part.charts for _, parts in shown for part in parts))
    environment = templates()
    environment.filters["as_html"] = lambda text: Markup(as_html(text))  # noqa: S704 - it escapes the text
    return environment.get_template("index.html.j2").render(
        sections=shown,
        state=state,
        periods=[(days, period.since(days)) for days in PERIODS],
        default_period=DEFAULT_PERIOD,
        colour_rules=colour_rules(),
        scripts=allowed,
        content_policy=content_policy(allowed),
    )


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
