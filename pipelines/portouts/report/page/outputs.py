"""What a cell shows, as the page shows it: whatever an analyst's cell displays in Jupyter, with nothing of ours around.

An output comes in several forms. The page takes the first that it can show: a Vega-Lite specification, HTML, a picture,
Markdown, plain text. What is printed to standard output is shown; warnings are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import mistune
from markupsafe import Markup, escape
from nbformat import NotebookNode

from portouts.errors import NotebookFailed, ReportFailed
from portouts.names import plain
from portouts.report.page.charts import Chart, Period, chart_of
from portouts.report.page.markup import inside_the_page
from portouts.report.page.notebooks import Section

_VEGA_LITE = re.compile(r"application/vnd\.vegalite\.v\d+[.+]json")
_PICTURES = ("image/png", "image/jpeg", "image/gif")
_REPR = re.compile(r"\[?<.*>\]?|.* at 0x[0-9a-f]+.*", re.DOTALL)  # <Axes: …>: of no use to a reader
_HEADING = re.compile(r"^#{1,6} +(.*)$", re.MULTILINE)


@dataclass
class Part:
    """A heading of the second level with all that follows it; the first part of a section has none.

    The page leaves out a part with a heading whose cells of code all show nothing.
    """

    anchor: str
    heading: str = ""
    items: list[Markup | Chart] = field(default_factory=list)
    has_code: bool = False
    has_output: bool = False

    @property
    def charts(self) -> list[Chart]:
        return [item for item in self.items if isinstance(item, Chart)]

    @property
    def is_shown(self) -> bool:
        return bool(self.items) and (self.has_output or not (self.heading and self.has_code))


def parts_of(section: Section, period: Period) -> list[Part]:
    """Turn the cells of a section into what the page shows; raises `NotebookFailed` for what it cannot show."""
    parts = [Part(section.anchor)]
    for number, cell in enumerate(section.cells, start=1):
        if cell.cell_type == "markdown":
            _add_prose(parts, cell.source, section.anchor)
            continue
        part = parts[-1]
        part.has_code = True
        for place, output in enumerate(cell.get("outputs", []), start=1):
            name = f"{section.anchor}-{number}-{place}"
            try:
                shown = [*_shown(output, name, part.heading or section.question, period)]
            except ReportFailed as error:
                raise NotebookFailed(f"{section.notebook}, cell {number} ({cell.id}): {error}") from None
            part.items += shown
            part.has_output |= bool(shown)
    return [part for part in parts if part.is_shown]


class _Prose(mistune.HTMLRenderer):
    """Markdown of a notebook inside the page: each heading is one level lower and has an address."""

    def __init__(self, anchor: str) -> None:
        super().__init__(escape=False)
        self.anchor = anchor

    def heading(self, text: str, level: int, **_attributes: Any) -> str:
        if level == 1:
            return super().heading(text, level + 1)
        link = f'<a class="anchor" href="#{self.anchor}" aria-label="Link to this part">#</a>'
        return f'<h{level + 1} id="{self.anchor}">{text} {link}</h{level + 1}>\n'


def _add_prose(parts: list[Part], source: str, section: str) -> None:
    """Add a cell of Markdown; one with a heading below the question begins a part."""
    found = _HEADING.search(source)
    anchor = parts[-1].anchor
    if found and not source.startswith("# "):
        anchor = f"{section}-{re.sub(r'[^a-z0-9]+', '-', found[1].lower()).strip('-')}"
        anchor += f"-{len(parts)}" if anchor in {part.anchor for part in parts} else ""
        parts.append(Part(anchor, found[1]))
    parts[-1].items.append(_markdown(source, anchor))


def _markdown(source: str, anchor: str) -> Markup:
    html = mistune.create_markdown(renderer=_Prose(anchor), plugins=["table"])(source)
    return Markup(f'<div class="prose">{html}</div>')  # noqa: S704 - the notebooks' own words


def _shown(output: NotebookNode, name: str, heading: str, period: Period) -> Iterator[Markup | Chart]:
    if output.output_type == "stream":
        if output.name == "stdout" and output.text.strip():
            yield _preformatted(output.text)
        return
    if output.get("metadata", {}).get("portouts", {}).get("kind") == "State":
        return  # the page says it once, at its top
    data = output.get("data", {})
    if kind := next(filter(_VEGA_LITE.fullmatch, data), None):
        yield chart_of(data[kind], name, heading, period)
    elif "text/html" in data:
        yield _html(data["text/html"], name, is_ours="portouts" in output.metadata)
    elif "image/svg+xml" in data:
        yield _picture(f"data:image/svg+xml;utf8,{quote(data['image/svg+xml'])}", heading)
    elif kind := next((kind for kind in _PICTURES if kind in data), None):
        yield _picture(f"data:{kind};base64,{''.join(data[kind].split())}", heading)
    elif "text/markdown" in data:
        yield _html(str(_markdown(data["text/markdown"], name)), name, is_ours=False)
    elif (text := data.get("text/plain", "")) and not _REPR.fullmatch(text.strip()):
        yield _preformatted(text)


def _html(html: str, name: str, *, is_ours: bool) -> Markup:
    if is_ours:
        return Markup(html)  # noqa: S704 - made by portouts, which escapes what is data
    return Markup(f'<div class="output" id="{name}">{inside_the_page(html, name)}</div>')  # noqa: S704 - see `markup`


def _quoted(svg: str) -> str:
    from urllib.parse import quote

    return quote(svg)


def _picture(address: str, heading: str) -> Markup:
    return Markup('<p class="picture-file"><img alt="{}" src="{}"></p>').format(plain(heading), address)


def _preformatted(text: str) -> Markup:
    return Markup("<pre>{}</pre>").format(escape(text.rstrip()))
