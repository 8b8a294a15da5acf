"""The components of a notebook: an answer, a chart, a table, the state of the data. Jupyter displays each as HTML.

Each is plain HTML that is readable without a stylesheet; `portouts report` adds the styles. The report also needs some
values of a component, such as the headline of an answer or the instant of the data. They are in the metadata of the
cell's output, under the key "portouts".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd

from portouts.names import LENGTH, as_html, label, plain
from portouts.report import text
from portouts.report.frames import mart, marts

if TYPE_CHECKING:
    from portouts.report.figure import Drawing


# MathJax in Jupyter skips these classes, so that it does not take two dollar signs in a name for a formula.
_NO_FORMULAS = "tex2jax_ignore mathjax_ignore"


class Component:
    """Something that a notebook displays: as HTML, as plain text, and with the values that the report needs."""

    def html(self) -> str:
        raise NotImplementedError

    def plain_text(self) -> str:
        raise NotImplementedError

    def metadata(self) -> Mapping[str, Any]:
        return {}

    def _repr_mimebundle_(self, **_kwargs: Any) -> tuple[dict[str, str], dict[str, Any]]:
        metadata = {"portouts": {"kind": type(self).__name__, **self.metadata()}}
        html = f'<div class="{_NO_FORMULAS}">{self.html()}</div>'
        return {"text/html": html, "text/plain": "\n".join(map(plain, self.plain_text().split("\n")))}, metadata


@dataclass(frozen=True)
class Metric:
    """One figure: its value, what it counts, and a note to compare it with."""

    value: str
    label: str
    note: str = ""

    def html(self) -> str:
        note = f'<dd class="aside">{as_html(self.note)}</dd>' if self.note else ""
        return f"<div><dt>{as_html(self.label)}</dt><dd>{as_html(self.value)}</dd>{note}</div>"


@dataclass(frozen=True)
class Answer(Component):
    """The answer to a notebook's question: one sentence, further sentences, and the metrics behind them."""

    headline: str
    details: Sequence[str] = ()
    metrics: Sequence[Metric] = ()

    def html(self) -> str:
        details = "".join(f"<p>{as_html(sentence)}</p>" for sentence in self.details)
        metrics = f"<dl>{''.join(metric.html() for metric in self.metrics)}</dl>" if self.metrics else ""
        return f'<div class="answer"><p><strong>{as_html(self.headline)}</strong></p>{metrics}{details}</div>'

    def plain_text(self) -> str:
        metrics = [f"{metric.label}: {metric.value} {metric.note}".rstrip() for metric in self.metrics]
        return "\n".join([self.headline, *metrics, *self.details])

    def metadata(self) -> Mapping[str, Any]:
        return {"headline": self.headline}


@dataclass(frozen=True)
class Placeholder(Component):
    """A sentence in place of a chart or table for which there is no data yet."""

    reason: str

    def html(self) -> str:
        return f'<p class="placeholder">{as_html(self.reason)}</p>'

    def plain_text(self) -> str:
        return self.reason


@dataclass(frozen=True)
class Chart(Component):
    """A chart with its finding, an explanation of what it shows, its colours and the source of its data.

    `alt` describes the picture to readers who do not see it; the finding is put before it.
    """

    finding: str
    explanation: str
    draw: Drawing
    alt: str
    source: str
    state: State
    colours: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    height: int = 320
    narrow_height: int = 300

    def html(self) -> str:
        from portouts.report.figure import NARROW, WIDE, draw_svg

        alt = f"{self.finding} {self.alt}"
        swatches = "".join(
            f'<span class="colour"><i style="background:{colour}"></i>{as_html(name)}</span> '
            for name, colour in self.colours
        )
        notes = " ".join([*self.notes, f"As of {self.state.as_of_text}. From {self.source}."])
        return (
            f'<figure class="chart"><figcaption><p class="finding"><strong>{as_html(self.finding)}</strong></p>'
            f'<p class="explanation">{as_html(self.explanation)}\u2002{swatches}</p></figcaption>'
            f'<div class="wide" style="max-width:860px">{draw_svg(self.draw, WIDE, height=self.height, alt=alt)}</div>'
            f'<div class="narrow" style="display:none">'
            f"{draw_svg(self.draw, NARROW, height=self.narrow_height, alt=alt)}</div>"
            f'<p class="source"><small>{as_html(notes)}</small></p></figure>'
        )

    def plain_text(self) -> str:
        return f"{self.finding} ({self.explanation})"


@dataclass(frozen=True)
class Table(Component):
    """A table of texts: names are aligned left, figures right; a phone does not show the `secondary` columns."""

    caption: str
    rows: pd.DataFrame
    names: Sequence[str]
    secondary: Sequence[str] = ()

    def html(self) -> str:
        head = "".join(f'<th scope="col"{self._class(column)}>{as_html(column)}</th>' for column in self.rows.columns)
        body = "".join(f"<tr>{self._cells(row)}</tr>" for _, row in self.rows.iterrows())
        return (
            f'<div class="table"><table><caption>{as_html(self.caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def plain_text(self) -> str:
        return f"{self.caption}\n{self.rows.to_string(index=False)}"

    def _cells(self, row: pd.Series[Any]) -> str:
        return "".join(
            f"<td{self._class(column)}>{self._cell(column, row[column])}</td>" for column in map(str, self.rows.columns)
        )

    def _cell(self, column: str, value: Any) -> str:
        html = as_html(label(str(value), LENGTH))
        return f"<bdi>{html}</bdi>" if column in self.names else html

    def _class(self, column: str) -> str:
        classes = ["name" if column in self.names else "figure", *(["secondary"] if column in self.secondary else [])]
        return f' class="{" ".join(classes)}"'


@dataclass(frozen=True)
class State(Component):
    """How reliable the data are: the instant they describe, whether the sync was proven, the last certificate."""

    as_of: pd.Timestamp | None
    is_proven: bool
    certificate: str

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection) -> State:
        """Read the latest sync and the latest verification of a warehouse."""
        syncs = mart("rpt_sync", connection=connection).sort_values("as_of")
        if syncs.empty:
            return cls(None, is_proven=False, certificate=_NOT_VERIFIED)
        last = syncs.iloc[-1]
        return cls(last.as_of, is_proven=bool(last.is_proven), certificate=_certificate(connection))

    @property
    def as_of_text(self) -> str:
        return "the last build; no sync has been recorded" if self.as_of is None else text.instant(self.as_of)

    def html(self) -> str:
        return f'<p class="state">{as_html(self.plain_text())}</p>'

    def plain_text(self) -> str:
        proven = "" if self.as_of is None else " The last sync was proven." if self.is_proven else _NOT_PROVEN
        return f"As of {self.as_of_text}.{proven} {self.certificate}"

    def metadata(self) -> Mapping[str, Any]:
        as_of = None if self.as_of is None else self.as_of.isoformat()
        values = {"as_of": as_of, "is_proven": self.is_proven, "certificate": self.certificate}
        return {**values, "as_of_text": self.as_of_text, "text": self.plain_text()}


_NOT_VERIFIED = "Not verified against the API's own counts yet (portouts verify)."
_DEPTHS = {"sync": "at the end of a sync", "quick": "as a whole"}
_NOT_PROVEN = " The last sync was NOT PROVEN: the API's own counts did not confirm all of it."


def _certificate(connection: duckdb.DuckDBPyConnection) -> str:
    if "rpt_verifications" not in marts(connection=connection):
        return _NOT_VERIFIED
    verifications = mart("rpt_verifications", connection=connection).sort_values("finished_at")
    if verifications.empty:
        return _NOT_VERIFIED
    last = verifications.iloc[-1]
    orders, differences = text.pluralize(last.orders, "order"), text.pluralize(last.differences, "difference")
    repaired = f", {text.number(last.repaired)} of them repaired" if last.repaired else ""
    how = _DEPTHS.get(last.depth, f"by {last.depth}")
    return f"Verified for {text.instant(last.as_of)}, {how}: {last.verdict}, {orders}, {differences}{repaired}."
