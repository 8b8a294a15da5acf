"""The colours of the report, the Altair theme that uses them, and the period that a reader of the page chooses.

`enable()` registers the theme. `portouts report` calls it before the first cell, so a plain `alt.Chart(…)` has it, too.
Each colour has a second value for dark screens. The page replaces one with the other, in every chart that uses exactly
these colours. All of them, except LINE, have a contrast of at least 3:1 against the page in both schemes.
"""

from __future__ import annotations

from typing import Any

# Urgency: the stronger, the more urgent.
OVERDUE = "#7f1010"
CRITICAL = "#cf2518"
SOON = "#b56a00"
AMPLE = "#72808c"
# Series, in the order in which a chart without colours of its own uses them.
BLUE = "#0b5fa5"
ORANGE = "#c8500a"
TEAL = "#0b7d6e"
PURPLE = "#7a4fb5"
SKY = "#5193c9"
OLIVE = "#777a00"
GREY = "#7f8a94"
# Text and lines.
INK = "#1b2733"
MUTED = "#56636f"
LINE = "#dfe4e9"
PAPER = "#ffffff"

URGENCY = {"overdue": OVERDUE, "critical": CRITICAL, "soon": SOON, "ample": AMPLE}
SERIES = (BLUE, ORANGE, TEAL, PURPLE, SKY, OLIVE, GREY)
DARK = {
    OVERDUE: "#ffb0a6",
    CRITICAL: "#ff8474",
    SOON: "#d9962a",
    AMPLE: "#8795a1",
    BLUE: "#5aa9ef",
    ORANGE: "#ef8c4a",
    TEAL: "#35b8a4",
    PURPLE: "#b08fe6",
    SKY: "#356fa8",
    OLIVE: "#b9b545",
    GREY: "#76838f",
    INK: "#e6ebf0",
    MUTED: "#a0acb7",
    LINE: "#2c3742",
    PAPER: "#12181e",
}
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'

PERIODS = (30, 90, 365)
DEFAULT_PERIOD = 365
SINCE = "since"
"""The parameter of a chart that the page sets to the first day of the period; see `in_period`."""
_BEFORE_EVERYTHING = "1900-01-01T00:00:00"


def in_period(chart: Any, column: str) -> Any:
    """Return an Altair chart that shows only the days of the period that the reader chooses on the page.

    `column` holds dates without zone (datetime64). The page counts the last 30, 90 or 365 days back from the last
    sync, and begins with 365. In Jupyter the chart shows all days until its parameter `since` gets another value.
    Text for one period only is HTML with `data-period="30"`, "90", "365" or "all" (or several: "30 90").
    """
    import altair as alt

    since = alt.param(name=SINCE, value=_BEFORE_EVERYTHING)
    return chart.add_params(since).transform_filter(f"toDate(datum[{column!r}]) >= toDate({SINCE})")


def enable() -> None:
    """Make the theme "portouts" the theme of every Altair chart of this process."""
    import altair as alt

    alt.theme.register("portouts", enable=True)(lambda: alt.theme.ThemeConfig({"config": _CONFIG}))


_CONFIG: Any = {
    "background": None,
    "font": FONT,
    "padding": {"left": 0, "top": 5, "right": 14, "bottom": 5},
    "view": {"stroke": None, "continuousHeight": 280, "discreteHeight": {"step": 30}},
    "range": {
        "category": list(SERIES),
        "ordinal": {"scheme": "blues"},
        "ramp": {"scheme": "blues"},
        "heatmap": {"scheme": "blues"},
        "diverging": {"scheme": "blueorange"},
    },
    "mark": {"color": BLUE},
    "bar": {"color": BLUE, "discreteBandSize": {"band": 0.8}},
    "line": {"strokeWidth": 2.5},
    "point": {"size": 60, "filled": True},
    "rule": {"color": MUTED},
    "text": {"color": INK, "fontSize": 13},
    "axis": {
        "domainColor": LINE,
        "gridColor": LINE,
        "tickColor": LINE,
        "labelColor": MUTED,
        "titleColor": MUTED,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "labelLimit": 200,
        "labelPadding": 6,
        "titlePadding": 10,
    },
    "axisX": {"grid": False},
    "axisXTemporal": {"labelOverlap": "greedy", "labelSeparation": 8},
    "axisXDiscrete": {"labelAngle": 0, "labelOverlap": "greedy", "labelSeparation": 8},
    "axisYDiscrete": {"domain": False, "ticks": False, "labelColor": INK},
    "axisYQuantitative": {"domain": False, "ticks": False, "tickCount": 5},
    "axisXQuantitative": {"tickCount": 8},
    "legend": {
        "orient": "top",
        "labelColor": INK,
        "titleColor": MUTED,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "labelLimit": 260,
        "symbolType": "square",
        "symbolStrokeWidth": 0,
    },
    "header": {"labelColor": INK, "titleColor": MUTED, "labelFontSize": 13, "titleFontSize": 13},
    "title": {"anchor": "start", "color": INK, "subtitleColor": MUTED, "fontSize": 16, "subtitleFontSize": 13},
}
