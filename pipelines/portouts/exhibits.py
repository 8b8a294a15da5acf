"""What a notebook shows: an answer, a chart, a table, the state of the data. Jupyter displays each as HTML.

Each is plain HTML that reads well without a stylesheet; `portouts report` adds the looks. What the report has to know
of an exhibit (the headline of an answer, the instant of the data) travels in its metadata, under "portouts".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd

from portouts import wording
from portouts.analysis import mart, mart_names
from portouts.names import LENGTH, as_html, label, plain

if TYPE_CHECKING:
    from portouts.canvas import Drawing


# Two dollar signs in a name are no formula: classes that MathJax in Jupyter skips.
_NO_MATHEMATICS = "tex2jax_ignore mathjax_ignore"


class Exhibit:
    """Something that a notebook shows: HTML, the same as plain text, and what the report has to know of it."""

    def html(self) -> str:
        raise NotImplementedError

    def text(self) -> str:
        raise NotImplementedError

    def facts(self) -> Mapping[str, Any]:
        return {}

    def _repr_mimebundle_(self, **_kwargs: Any) -> tuple[dict[str, str], dict[str, Any]]:
        facts = {"portouts": {"kind": type(self).__name__, **self.facts()}}
        html = f'<div class="{_NO_MATHEMATICS}">{self.html()}</div>'
        return {"text/html": html, "text/plain": "\n".join(map(plain, self.text().split("\n")))}, facts


@dataclass(frozen=True)
class Key:
    """A figure that stands on its own: its value, what it counts, and what to compare it with."""

    value: str
    label: str
    note: str = ""

    def html(self) -> str:
        note = f'<dd class="aside">{as_html(self.note)}</dd>' if self.note else ""
        return f"<div><dt>{as_html(self.label)}</dt><dd>{as_html(self.value)}</dd>{note}</div>"


@dataclass(frozen=True)
class Answer(Exhibit):
    """The answer to a notebook's question: one sentence, what else is to say, and the figures it rests on."""

    headline: str
    more: Sequence[str] = ()
    figures: Sequence[Key] = ()

    def html(self) -> str:
        more = "".join(f"<p>{as_html(sentence)}</p>" for sentence in self.more)
        figures = f"<dl>{''.join(figure.html() for figure in self.figures)}</dl>" if self.figures else ""
        return f'<div class="answer"><p><strong>{as_html(self.headline)}</strong></p>{figures}{more}</div>'

    def text(self) -> str:
        figures = [f"{figure.label}: {figure.value} {figure.note}".rstrip() for figure in self.figures]
        return "\n".join([self.headline, *figures, *self.more])

    def facts(self) -> Mapping[str, Any]:
        return {"headline": self.headline}


@dataclass(frozen=True)
class Missing(Exhibit):
    """What stands in place of a chart or table for which there is no data yet."""

    reason: str

    def html(self) -> str:
        return f'<p class="missing">{as_html(self.reason)}</p>'

    def text(self) -> str:
        return self.reason


@dataclass(frozen=True)
class Chart(Exhibit):
    """A chart and what it says: the finding, how to read it, its colours, where its data come from.

    `alt` describes the picture for those who do not see it; the finding precedes it.
    """

    finding: str
    reads: str
    draw: Drawing
    alt: str
    source: str
    state: State
    colours: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    height: int = 320
    narrow_height: int = 300

    def html(self) -> str:
        from portouts.canvas import NARROW, WIDE, drawn

        alt = f"{self.finding} {self.alt}"
        swatches = "".join(
            f'<span class="colour"><i style="background:{colour}"></i>{as_html(name)}</span> '
            for name, colour in self.colours
        )
        notes = " ".join([*self.notes, f"As of {self.state.as_of_text}. From {self.source}."])
        return (
            f'<figure class="chart"><figcaption><p class="finding"><strong>{as_html(self.finding)}</strong></p>'
            f'<p class="reads">{as_html(self.reads)}\u2002{swatches}</p></figcaption>'
            f'<div class="wide" style="max-width:860px">{drawn(self.draw, WIDE, height=self.height, alt=alt)}</div>'
            f'<div class="narrow" style="display:none">'
            f"{drawn(self.draw, NARROW, height=self.narrow_height, alt=alt)}</div>"
            f'<p class="source"><small>{as_html(notes)}</small></p></figure>'
        )

    def text(self) -> str:
        return f"{self.finding} ({self.reads})"


@dataclass(frozen=True)
class Table(Exhibit):
    """A table of texts: names to the left, figures to the right; `secondary` columns give way on a phone."""

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

    def text(self) -> str:
        return f"{self.caption}\n{self.rows.to_string(index=False)}"

    def _cells(self, row: pd.Series[Any]) -> str:
        return "".join(
            f"<td{self._class(column)}>{self._cell(column, row[column])}</td>" for column in map(str, self.rows.columns)
        )

    def _cell(self, column: str, value: Any) -> str:
        text = label(str(value), LENGTH)
        return f"<bdi>{as_html(text)}</bdi>" if column in self.names else as_html(text)

    def _class(self, column: str) -> str:
        classes = ["name" if column in self.names else "figure", *(["secondary"] if column in self.secondary else [])]
        return f' class="{" ".join(classes)}"'


@dataclass(frozen=True)
class State(Exhibit):
    """How far the data can be relied on: the instant they describe, whether the sync was proven, the certificate."""

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
        return "the last build; no sync has been recorded" if self.as_of is None else wording.instant(self.as_of)

    def html(self) -> str:
        return f'<p class="state">{as_html(self.text())}</p>'

    def text(self) -> str:
        proven = "" if self.as_of is None else " The last sync was proven." if self.is_proven else _NOT_PROVEN
        return f"As of {self.as_of_text}.{proven} {self.certificate}"

    def facts(self) -> Mapping[str, Any]:
        as_of = None if self.as_of is None else self.as_of.isoformat()
        told = {"as_of": as_of, "is_proven": self.is_proven, "certificate": self.certificate}
        return {**told, "as_of_text": self.as_of_text, "text": self.text()}


_NOT_VERIFIED = "Not verified against the API's own counts yet (portouts verify)."
_DEPTHS = {"sync": "at the end of a sync", "quick": "as a whole"}
_NOT_PROVEN = " The last sync was NOT PROVEN: the API's own counts did not confirm all of it."


def _certificate(connection: duckdb.DuckDBPyConnection) -> str:
    if "rpt_verifications" not in mart_names(connection):
        return _NOT_VERIFIED
    verifications = mart("rpt_verifications", connection=connection).sort_values("finished_at")
    if verifications.empty:
        return _NOT_VERIFIED
    last = verifications.iloc[-1]
    orders, differences = wording.counted(last.orders, "order"), wording.counted(last.differences, "difference")
    repaired = f", {wording.number(last.repaired)} of them repaired" if last.repaired else ""
    how = _DEPTHS.get(last.depth, f"by {last.depth}")
    return f"Verified for {wording.instant(last.as_of)}, {how}: {last.verdict}, {orders}, {differences}{repaired}."
