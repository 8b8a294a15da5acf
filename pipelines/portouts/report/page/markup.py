"""HTML that a cell shows becomes part of the page: its ids are its own, its styles stay inside, its scripts are gone.

DataFrames and Great Tables are such HTML. The id of a Great Table is random; here each output gets an id by its place,
so the page is the same each time. Colours of the theme, and the plain ones of Great Tables, follow the colour scheme.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from portouts.report import theme

_PLAIN = {"#333333": theme.INK, "#FFFFFF": theme.PAPER, "#D3D3D3": theme.LINE, "#A8A8A8": theme.LINE}
_COLOURS = {old.lower(): f"var(--c{new[1:]})" for old, new in (_PLAIN | {c: c for c in theme.DARK}).items()}
_COLOUR = re.compile("|".join(map(re.escape, _COLOURS)), re.IGNORECASE)
_EVENT = re.compile(r"""\s+on\w+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE)
_NAMES = re.compile(r"""(\s(?:id|for|headers|aria-labelledby|aria-describedby)\s*=\s*)(["'])(.*?)\2""", re.IGNORECASE)
_STYLE = re.compile(r"""(\sstyle\s*=\s*)(["'])(.*?)\2""", re.IGNORECASE | re.DOTALL)
_LINK = re.compile(r"""(\shref\s*=\s*)(["'])#(.*?)\2""", re.IGNORECASE)
_OUTSIDE = re.compile(r"""\s(?:src|srcset|data|poster|background)\s*=\s*(["'])(?!data:).*?\1""", re.IGNORECASE)
_SELECTED = re.compile(r"#([a-zA-Z_][\w-]*)(?=[^{}]*\{)")  # in a selector; a colour has } after it
_NEVER = frozenset({"script", "iframe", "object", "embed", "link", "meta", "base", "title"})


def inside_the_page(html: str, name: str) -> str:
    """Return HTML of an output for a place of this name in the page."""
    reader = _Reader(name)
    reader.feed(html)
    reader.close()
    return "".join(reader.parts)


class _Reader(HTMLParser):
    """Copies HTML as it is written, except for what cannot stand in the page."""

    def __init__(self, name: str) -> None:
        super().__init__(convert_charrefs=False)
        self.name = name
        self.parts: list[str] = []
        self._ids: dict[str, int] = {}
        self._dropped: list[str] = []
        self._style: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser's
        text = self.get_starttag_text() or ""
        if tag in _NEVER:
            self._dropped += [tag] if tag in {"script", "iframe", "object", "title"} else []
        elif tag == "style":
            self._style = []
        elif not self._dropped:
            self.parts.append(self._start(text))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser's
        if tag not in _NEVER and not self._dropped:
            self.parts.append(self._start(self.get_starttag_text() or ""))

    def handle_endtag(self, tag: str) -> None:
        if self._dropped and self._dropped[-1] == tag:
            self._dropped.pop()
        elif tag == "style" and self._style is not None:
            self.parts += [self._scoped("".join(self._style))]
            self._style = None
        elif not self._dropped and tag not in _NEVER:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._style is not None:
            self._style.append(data)
        elif not self._dropped:
            self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")

    def _start(self, text: str) -> str:
        text = _OUTSIDE.sub("", _EVENT.sub("", text))
        text = _NAMES.sub(lambda found: f"{found[1]}{found[2]}{self._own(found[3])}{found[2]}", text)
        text = _LINK.sub(lambda found: f"{found[1]}{found[2]}#{self._own(found[3])}{found[2]}", text)
        return _STYLE.sub(lambda found: f"{found[1]}{found[2]}{_in_scheme(found[3])}{found[2]}", text)

    def _own(self, names: str) -> str:
        """Return the page's ids for ids of the output, which are random: numbers by their first appearance."""
        return " ".join(f"{self.name}-{self._ids.setdefault(name, len(self._ids) + 1)}" for name in names.split())

    def _scoped(self, css: str) -> str:
        css = _SELECTED.sub(lambda found: f"#{self._own(found[1])}", css)
        return f"<style>@scope (#{self.name}) {{{_in_scheme(css)}}}</style>"


def _in_scheme(css: str) -> str:
    return _COLOUR.sub(lambda found: _COLOURS[found[0].lower()], css)
