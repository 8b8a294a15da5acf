"""The style sheet, with the colours of the theme, and the scripts, with the hashes by which the page allows them."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import jinja2
import vl_convert
from markupsafe import Markup

from portouts.report import theme
from portouts.report.page.charts import NARROW_CONFIG

_TEMPLATES = Path(__file__).parent / "template"


def colour_rules() -> Markup:
    """Write each colour of the theme as a custom property, and let charts use it for marks of that colour."""
    light = "".join(f"--c{colour[1:]}: {colour};" for colour in theme.DARK)
    dark = "".join(f"--c{colour[1:]}: {other};" for colour, other in theme.DARK.items())
    marks = "\n".join(
        f'.chart svg [{what}="{colour}" i] {{ {what}: var(--c{colour[1:]}); }}'
        for colour in theme.DARK
        for what in ("fill", "stroke")
    )
    return Markup(  # noqa: S704 - our own colours
        f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{marks}"
    )


def scripts(*, has_charts: bool) -> list[Markup]:
    """Return the scripts of the page: Vega, if there is a chart, and our own."""
    own = (_TEMPLATES / "page.js").read_text(encoding="utf-8")
    own = own.replace("NARROW_CONFIG", json.dumps(NARROW_CONFIG))
    vega = [vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")] if has_charts else []
    return [Markup(script.replace("</script", "<\\/script")) for script in [*vega, own]]  # noqa: S704 - no data in them


def content_policy(allowed: list[Markup]) -> str:
    """Allow these scripts and no others, and no request; Vega compiles expressions, which takes unsafe-eval."""
    hashes = " ".join(f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in allowed)
    return (
        f"default-src 'none'; script-src {hashes} 'unsafe-eval'; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def templates() -> jinja2.Environment:
    """Open the templates of the page."""
    return jinja2.Environment(loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True)
