"""Telnyx port-outs in DuckDB: how many numbers leave, which carriers gain them, how fast requests are answered.

For analysts: `portouts.connect()` opens the published file, `portouts.marts()` lists its marts, and
`portouts.mart("agg_portouts_daily")` reads one into pandas. All are imported when first used, so that
`import portouts` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portouts.report.frames import connect, mart, marts

__all__ = ["connect", "mart", "marts"]


def __getattr__(name: str) -> Any:
    """Import these functions when they are first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from portouts.report import frames

    return getattr(frames, name)


def __dir__() -> list[str]:
    """List these names although they are not imported yet."""
    return sorted({*globals(), *__all__})
