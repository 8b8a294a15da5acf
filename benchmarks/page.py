"""The figures of `docs/benchmarks.md` as Markdown: tables by account and phase, sizes and rate limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contenders import CONTENDERS, FLOOR, OURS
from results import AFTER_3_DAYS, FIRST_LOAD, NO_CHANGE, PHASES, Figures, Report, Series

BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"  # the rest of the page is written by hand
HEAD = ("", "seconds", "× floor", "× portouts", "CPU seconds", "peak MB", "requests", "orders/s", "result")
HEAD_OF_SIZES = (
    "orders",
    "first load, s",
    "orders/s",
    "peak MB",
    "bytes an order",
    "after 3 days, s",
    "requests",
    "without change, s",
    "requests",
)
LIMITS = """\
The share of the limit that a first load used: from the first request to the last, and while reading, which leaves out
pauses such as the one in which the last rows are loaded before they are counted."""
HEAD_OF_LIMITS = ("orders", "requests/s allowed", "share used", "while reading", "429 after the first second")


def replace_figures(page: str, figures: str) -> str:
    """Return a page with these figures between its two marks, or at its end if it has no marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{figures}{END}{after}"


def write_figures(report: Report, picture: str | None) -> str:
    """Return all tables as Markdown; `picture` is the link to the chart, if there is one."""
    series = report.series
    compared = [one for one in series if len(one.contenders) > 1]
    sized = [one for one in series if not one.setting.rate_limit and not one.setting.latency_ms]
    limited = [one for one in series if one.setting.rate_limit]
    versions = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    return "\n".join(
        [
            *([f"![How long each takes, as a multiple of the floor]({picture})\n"] if picture else []),
            f"Measured with `benchmarks/compare.py` on {report.machine}; {versions}.\n",
            *map(_comparison, compared),
            *([_sizes(sized)] if sized else []),
            *([_limits(limited)] if limited else []),
        ]
    )


def _comparison(series: Series) -> str:
    tables = [_phase(series, phase) for phase in PHASES]
    return "\n".join([f"## {account_label(series)}\n\n{repetitions_label(series)}\n", *tables])


def account_label(series: Series) -> str:
    """Return what was read: "20,000 orders and 69,000 events, answered at once"."""
    late = f"every answer {series.setting.latency_ms:g} ms late" if series.setting.latency_ms else "answered at once"
    return f"{series.setting.orders:,} orders and {series.events:,} events, {late}"


def repetitions_label(series: Series) -> str:
    """Return how often it was measured."""
    return f"Medians of {series.repetitions}." if series.repetitions > 1 else "Measured once."


def _phase(series: Series, phase: str) -> str:
    floor, ours = series.figures(FLOOR.name, phase), series.figures(OURS.name, phase)
    rows = []
    for name, contender in CONTENDERS.items():
        if figures := series.figures(name, phase):
            rows.append([contender.label, *_figures(figures, floor, ours, series.setting.orders)])
    text = f"### {phase.capitalize()}\n\n{_table(HEAD, rows)}"
    if ours and ours.own_seconds:
        text += f"\nportouts from before its first request to the published file: {ours.own_seconds:,.2f} s.\n"
    return text


def _figures(figures: Figures, floor: Figures | None, ours: Figures | None, orders: int) -> list[str]:
    if figures.failure:
        return ["–"] * (len(HEAD) - 2) + [figures.failure]
    return [
        _seconds(figures.seconds),
        _ratio(figures, floor),
        _ratio(figures, ours),
        _seconds(figures.cpu_seconds),
        f"{figures.peak_mb:,.0f}",
        f"{figures.requests:,}",
        f"{orders / figures.seconds:,.0f}" if figures.is_compared else "–",
        (", ".join(figures.errors) or "right") if figures.is_compared else "–",
    ]


def _sizes(series: Iterable[Series]) -> str:
    rows = []
    for one in sorted(series, key=lambda one: one.setting.orders):
        first, later, idle = (one.figures(OURS.name, phase) for phase in (FIRST_LOAD, AFTER_3_DAYS, NO_CHANGE))
        if first and not first.failure:
            rows.append(
                [
                    f"{one.setting.orders:,}",
                    _seconds(first.seconds),
                    f"{one.setting.orders / first.seconds:,.0f}",
                    f"{first.peak_mb:,.0f}",
                    f"{first.file_bytes / one.setting.orders:,.0f}",
                    *(cell for figures in (later, idle) for cell in _cost(figures)),
                ]
            )
    return (
        "## portouts by the size of the account\n\n"
        "A larger account has a longer history, so three days bring the same changes.\n\n" + _table(HEAD_OF_SIZES, rows)
    )


def _cost(figures: Figures | None) -> list[str]:
    return [_seconds(figures.seconds), f"{figures.requests:,}"] if figures and not figures.failure else ["–", "–"]


def _limits(series: Iterable[Series]) -> str:
    rows = []
    for one in series:
        figures = one.figures(OURS.name, FIRST_LOAD)
        use = figures.limit_use if figures else None
        rows.append(
            [
                f"{one.setting.orders:,}",
                f"{one.setting.rate_limit}",
                f"{100 * use.share:.1f}%" if use else "–",
                f"{100 * use.share_reading:.1f}%" if use else "–",
                f"{use.late_refusals}" if use else "–",
            ]
        )
    return "## portouts under a rate limit\n\n" + LIMITS + "\n\n" + _table(HEAD_OF_LIMITS, rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---" if name in ("", "result") else "---:" for name in head]
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, rule, *rows])


def _ratio(figures: Figures, to: Figures | None) -> str:
    return f"{figures.seconds / to.seconds:.2f}" if to and not to.failure else "–"


def _seconds(value: float) -> str:
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
