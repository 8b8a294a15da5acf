"""Names and other text from the data, made safe to show: invisible characters are removed, the rest is unchanged.

A name inside a sentence is between two marks (U+2068 and U+2069), so that its writing direction does not affect the
words around it. HTML shows the marks as `<bdi>`; plain text and charts leave them out. The surprise: lengths are in
columns, as in a terminal, because a Chinese character is as wide as two Latin letters and an accent has no width.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape

DEFAULT_ACCOUNT = "default"  # the account of a warehouse without named accounts
LENGTH = 60  # columns that a name may take in a sentence or a table

_OPEN, _CLOSE = "\u2068", "\u2069"
_MARKS = {ord(_OPEN): None, ord(_CLOSE): None}
_ISOLATED = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_BREAKS = re.compile("[\t\n\v\f\r\u0085\u2028\u2029]+")
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)
)
# Controls, marks and overrides of the writing direction (all but our own two marks), halves of surrogate pairs.
_REMOVED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066\u2067\u206a-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    f"{_NONCHARACTERS}]"
)
_UNCUT_MARKS = 4  # accents that a character may carry on average before a name counts as too long


def plain(text: object) -> str:
    """Return a text without marks, control characters and line breaks; anything but a text becomes an empty one."""
    return _cleaned(text).translate(_MARKS) if isinstance(text, str) else ""


def isolated(name: object, otherwise: str) -> str:
    """Return a name for use in a sentence, or our own word `otherwise` if no character of it is visible."""
    shown = label(name, LENGTH)
    return f"{_OPEN}{shown}{_CLOSE}" if _is_visible(shown) else otherwise


def label(name: object, length: int) -> str:
    """Return a name as plain text of at most `length` columns; a longer one is cut and ends in an ellipsis."""
    text = plain(name)
    if columns(text) <= length and len(text) <= _UNCUT_MARKS * length:
        return text
    end, room = 0, length - 1
    for character in text[: _UNCUT_MARKS * length - 1]:
        room -= _columns_of(character)
        if room < 0:
            break
        end += 1
    return text[:end].rstrip(" \u200d") + "…"


def isolated_if_turned(name: str) -> str:
    """Return a name outside a sentence, with marks only if it is written from right to left."""
    text = plain(name)
    is_turned = any(unicodedata.bidirectional(character) in {"R", "AL"} for character in text)
    return f"{_OPEN}{text}{_CLOSE}" if is_turned else text


def columns(text: str) -> int:
    """Count the columns that a text takes."""
    return sum(map(_columns_of, text))


def as_html(text: str) -> str:
    """Write a text as HTML: escaped, and each marked name isolated."""
    return _ISOLATED.sub(r"<bdi>\1</bdi>", escape(_cleaned(text))).translate(_MARKS)


def _cleaned(text: str) -> str:
    return _REMOVED.sub("", _BREAKS.sub(" ", text))


def _is_visible(text: str) -> bool:
    return any(unicodedata.category(character)[0] not in "ZC" for character in text)


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
