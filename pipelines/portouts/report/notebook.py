"""What a notebook shows besides charts and tables: its headline with figures, and how reliable its data are.

The page adds the styles. A name inside a text (`portouts.names.isolated`) is never markup, and turns no word around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd
from phonenumbers import PhoneNumber, country_code_for_region, geocoder, parse
from phonenumbers.phonenumberutil import NumberParseException

from portouts.names import as_html, plain
from portouts.report import theme
from portouts.report.frames import mart
from portouts.report.page.state import State, read_state
from portouts.report.sentences import day

ALL_DAYS = 100_000
BEFORE_VALUES = {"range": [0, {"expr": "max(width - 90, 10)"}]}
"""The scale of bars that have their values at the right: it leaves room for these."""


@dataclass(frozen=True)
class Figure:
    """One figure: its value, what it counts, a note to compare it with, and a colour of the theme if it is urgent."""

    value: str
    label: str
    note: str = ""
    colour: str = ""

    def html(self) -> str:
        # The page has each colour of the theme as a variable, which follows the colour scheme.
        colour = f"var(--c{self.colour[1:]}, {self.colour})"
        line = f' style="border-top-color: {colour}"' if self.colour else ""
        note = f'<dd class="aside">{as_html(self.note)}</dd>' if self.note else ""
        return f"<div{line}><dt>{as_html(self.label)}</dt><dd>{as_html(self.value)}</dd>{note}</div>"


@dataclass(frozen=True)
class Headline:
    """The answer to a notebook's question: one sentence, the figures behind it, and further sentences."""

    sentence: str
    figures: Sequence[Figure] = ()
    details: Sequence[str] = ()

    def html(self) -> str:
        figures = f"<dl>{''.join(figure.html() for figure in self.figures)}</dl>" if self.figures else ""
        details = "".join(f"<p>{as_html(sentence)}</p>" for sentence in self.details)
        return f'<div class="answer"><p><strong>{as_html(self.sentence)}</strong></p>{figures}{details}</div>'

    def text(self) -> str:
        figures = [f"{figure.label}: {figure.value} {figure.note}".rstrip() for figure in self.figures]
        return "\n".join(map(plain, [self.sentence, *figures, *self.details]))

    def _repr_mimebundle_(self, **_kwargs: Any) -> tuple[dict[str, str], dict[str, Any]]:
        return _shown(self.html(), self.text(), {"kind": "Answer", "headline": self.sentence})


@dataclass(frozen=True)
class ByPeriod:
    """One headline for each period of the page, by its days; a notebook shows that of the default period."""

    headlines: Mapping[int, Headline]

    def _repr_mimebundle_(self, **_kwargs: Any) -> tuple[dict[str, str], dict[str, Any]]:
        html = "".join(
            f'<div data-period="{"all" if days == ALL_DAYS else days}"{" hidden" * (days != theme.DEFAULT_PERIOD)}>'
            f"{headline.html()}</div>"
            for days, headline in self.headlines.items()
        )
        first = self.headlines[theme.DEFAULT_PERIOD]
        return _shown(html, first.text(), {"kind": "Answer", "headline": first.sentence})


@dataclass(frozen=True)
class Provenance:
    """How reliable the data are; the page says it once, at its top."""

    state: State
    zone: str

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection) -> Provenance:
        """Read it from a warehouse."""
        settings = mart("rpt_settings", connection=connection)
        return cls(read_state(connection), settings.reporting_time_zone[0])

    def _repr_mimebundle_(self, **_kwargs: Any) -> tuple[dict[str, str], dict[str, Any]]:
        return _shown(f'<p class="state">{as_html(self.state.text)}</p>', self.state.text, {"kind": "State"})


def read_periods(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Read the periods of the page: their days, their first day, and "in the last 365 days".

    A query in the notebook reads the frame by the name of its variable: `from periods`. The period of all days is the
    last; it begins with the first day that is known.
    """
    known = mart("dim_days", connection=connection).day
    today, first = known.max(), known.min()
    periods = pd.DataFrame({"days": [*theme.PERIODS, ALL_DAYS]})
    periods["since"] = [today - pd.Timedelta(days=days - 1) for days in theme.PERIODS] + [pd.Timestamp("1900-01-01")]
    periods["words"] = [f"in the last {days} days" for days in theme.PERIODS] + [f"since {day(first)}"]
    return periods


def in_period(chart: Any) -> Any:
    """Show only the rows of the period that the reader chooses, of data that repeat the rows for each of `periods`.

    The data have the columns `days` and `since`; see `theme.in_period` for a chart of days.
    """
    longest = theme.in_period(chart, "since").transform_joinaggregate(chosen="max(days)")
    return longest.transform_filter("datum.days == datum.chosen")


def place_of(country: str, area: str | None, phone_number: object = None) -> str:
    """Name the place of a phone number, or else of an area code: Chicago, IL. Empty if libphonenumber knows none."""
    try:
        code = country_code_for_region(country)
        of_area = PhoneNumber(country_code=code, national_number=int(f"{area or ''}5550100"))
        found = parse(phone_number) if isinstance(phone_number, str) else of_area
    except (NumberParseException, ValueError):
        return ""  # a hash, for instance
    return str(geocoder.description_for_valid_number(found, "en"))


def _shown(html: str, text: str, metadata: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    # MathJax in Jupyter skips these classes, so that it takes no two dollar signs in a name for a formula.
    bundle = {"text/html": f'<div class="tex2jax_ignore mathjax_ignore">{html}</div>', "text/plain": text}
    return bundle, {"portouts": dict(metadata)}
