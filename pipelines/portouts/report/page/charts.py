"""A Vega-Lite specification becomes a figure: two static pictures, the specification for scripts, a table of values.

The static pictures need no script: a wide one, also for print, and a narrow one for phones. Scripts draw the same
specification as wide as its place and hide both. The title of a chart becomes text of the page, which wraps.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import vl_convert
from markupsafe import Markup

from portouts.errors import ReportFailed
from portouts.report import theme
from portouts.report.page.datasets import packed
from portouts.report.page.values import Values, values_of

Spec = dict[str, Any]
WIDE, NARROW = 640, 330
NARROW_CONFIG: Spec = {
    "axis": {"labelLimit": 125},
    "axisXQuantitative": {"tickCount": 4},
    "axisXTemporal": {"tickCount": 4},
    "legend": {"columns": 2, "labelLimit": 140, "symbolLimit": 12},
}
"""What a narrow picture changes; the script of the page does the same on a narrow screen."""
WIDER = 0.16
"""How much wider a reader's font may be than the one with which the room of the labels at the left was measured."""
_NUMBERS = re.compile(r' (d|transform|x|x1|x2|y|y1|y2|width|height|cx|cy|r)="([^"]*)"')
_OFFSETS = re.compile(r' transform="translate\(([0-9.]+)')
_IDS = re.compile(r'( id="|url\(#|href="#)')


@dataclass(frozen=True)
class Period:
    """The last day that the page shows; a number of days back from it begins the period."""

    last: date | None

    def since(self, days: int) -> str:
        """Return the first day of a period as a chart's parameter has it: local midnight, without zone."""
        return f"{(self.last or date(1900, 1, 1)) - timedelta(days=days - 1)}T00:00:00"


@dataclass(frozen=True)
class Chart:
    """What the template shows of one chart."""

    name: str
    title: str
    subtitle: str
    description: str
    wide: Markup
    narrow: Markup
    values: list[Values]
    spec: Markup


def chart_of(spec: Spec, name: str, heading: str, period: Period) -> Chart:
    """Draw a specification twice; raises `ReportFailed` if it reads from an address or cannot be drawn."""
    if any("url" in node for node in _nodes(spec) if node is not spec and isinstance(node.get("url"), str)):
        raise ReportFailed("a chart reads its data from an address; the page is complete without network: pass a frame")
    spec, title = _responsive(spec), _title(spec)
    description = str(spec.get("description") or title[0] or heading)
    return Chart(
        name=name,
        title=title[0],
        subtitle=title[1],
        description=description,
        wide=_svg(spec, WIDE, f"{name}-wide-", period),
        narrow=_svg(spec, NARROW, f"{name}-narrow-", period),
        values=values_of(spec),
        spec=_as_script(packed(spec)),
    )


def _nodes(spec: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every object of a specification except its rows."""
    if isinstance(spec, Mapping):
        yield spec
        for name, part in spec.items():
            if name not in {"datasets", "values"}:
                yield from _nodes(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from _nodes(part)


def _responsive(spec: Spec) -> Spec:
    """Let a chart without a width of its own fill its place; concatenated and faceted charts cannot."""
    is_single = "mark" in spec or "layer" in spec
    has_facets = {"row", "column", "facet"} & set(spec.get("encoding", {}))
    spec = {"width": "container", **spec} if is_single and not has_facets else spec
    fits = {"autosize": {"type": "fit-x", "contains": "padding"}} if spec.get("width") == "container" else {}
    return {**fits, **spec}


def _title(spec: Spec) -> tuple[str, str]:
    title = spec.get("title") or ""
    parts = (title.get("text"), title.get("subtitle")) if isinstance(title, Mapping) else (title, "")
    return _as_text(parts[0]), _as_text(parts[1])


def _as_text(words: Any) -> str:
    return " ".join(map(str, words)) if isinstance(words, list) else str(words or "")


def _svg(spec: Spec, width: int, prefix: str, period: Period) -> Markup:
    """Draw a specification at one width, for the period with which the page begins."""
    drawn = {name: part for name, part in spec.items() if name != "title"}
    if drawn.get("width") == "container":
        drawn |= {"width": width}
    drawn["config"] = merged(drawn.get("config", {}), NARROW_CONFIG if width == NARROW else {}, {"aria": False})
    drawn["params"] = [_begun(param, period) for param in drawn.get("params", [])]
    try:
        svg = vl_convert.vegalite_to_svg(drawn, allowed_base_urls=[])
    except ValueError as error:
        raise ReportFailed(f"a chart cannot be drawn: {str(error).strip().splitlines()[0]}") from None
    return _inline(svg, prefix)


def _begun(param: Spec, period: Period) -> Spec:
    is_period = param.get("name") == theme.SINCE
    return {**param, "value": period.since(theme.DEFAULT_PERIOD)} if is_period else param


def merged(*parts: Spec) -> Spec:
    """Merge nested objects; later ones win."""
    result: Spec = {}
    for part in parts:
        for name, value in part.items():
            both = isinstance(value, dict) and isinstance(result.get(name), dict)
            result[name] = merged(result[name], value) if both else deepcopy(value)
    return result


def _inline(svg: str, prefix: str) -> Markup:
    """Make a picture part of the page: ids of its own, no more decimals than one sees, as wide as its place."""
    svg = _IDS.sub(rf"\1{prefix}", svg)
    svg = _NUMBERS.sub(lambda found: f' {found[1]}="{_rounded(found[2])}"', svg)
    width, height = (float(size) for size in re.findall(r' (?:width|height)="([0-9.]+)"', svg)[:2])
    left = float([*_OFFSETS.findall(svg), "0"][0])  # of the frame, where the labels of the vertical axis end
    room = round(WIDER * left)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-room} 0 {width + room:g} {height:g}"'
    head += f' style="max-width:{width + room:g}px">'
    return Markup(re.sub(r"^<svg[^>]*>", head, svg, count=1))  # noqa: S704 - vl-convert escapes the texts


def _rounded(numbers: str) -> str:
    return re.sub(r"-?\d+\.\d+(?:e-?\d+)?", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), numbers)


def _as_script(value: Any) -> Markup:
    """Write JSON that no HTML parser takes for the end of its script."""
    return Markup(json.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704 - without any <
