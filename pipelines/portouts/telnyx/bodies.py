"""Reads JSON that is not quite JSON, as far as it can be read.

The fast decoder refuses a whole page for one odd field. This one replaces three things and reads the rest: bytes and
half surrogate pairs that are no character become U+FFFD, numbers that are not finite (NaN, 1e400) become
`InvalidNumber`, and values that are nested too deep become a text that says so. A body that is not JSON at all raises
`UnreadableBody`, which says where.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

MOST_NESTED = 100
TOO_DEEP = f"[left out: nested more than {MOST_NESTED} deep]"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)
_DEPTH_OF_ROWS = 3  # {"data": [{
_HALF_PAIR = re.compile("[\ud800-\udfff]")


class InvalidNumber:
    """A number that JSON does not allow or Python does not read, as its text; no column takes it."""

    def __init__(self, text: str) -> None:
        self.text = text


class UnreadableBody(ValueError):
    """A body that cannot be read; the message says why and where."""

    def __init__(self, message: str, *, is_complete: bool = True) -> None:
        super().__init__(message)
        self.is_complete = is_complete
        """False where the body seems to be cut off."""


def read_json(body: bytes, charset: str | None = None) -> Any:
    """Read a body; raises `UnreadableBody`. `charset` is what the sender names, for bytes that are not UTF-8."""
    text = _decode(body, charset).removeprefix("\ufeff")
    try:
        return _parse(text)
    except RecursionError:
        return _parse_shallow(text)


def mend(value: Any) -> list[str]:
    """Replace half surrogate pairs, in place and at any depth; return what is wrong inside, each kind once."""
    found: dict[str, None] = {}
    unseen = [value]
    while unseen:
        part = unseen.pop()
        if isinstance(part, dict):
            found |= dict.fromkeys(_mend_keys(part))
        for key, inner in list(part.items() if isinstance(part, dict) else enumerate(part)):
            if isinstance(inner, dict | list):
                unseen.append(inner)
            elif isinstance(inner, InvalidNumber):
                found["a number that is none"] = None
            elif isinstance(inner, str):
                found |= dict.fromkeys(_problems_of(inner))
                part[key] = _HALF_PAIR.sub("\ufffd", inner)
    return list(found)


def prune(value: Any) -> Any:
    """Empty, in place, the lists and objects that are nested too deep to be written; return the value."""
    level = [value]
    for _ in range(MOST_NESTED):
        level = [inner for part in level for inner in _inner(part) if isinstance(inner, dict | list)]
    for part in level:
        part.clear()
    return value


def as_text(value: object) -> str:
    """Return the text of an `InvalidNumber`; msgspec asks for it where it cannot encode a value."""
    if isinstance(value, InvalidNumber):
        return value.text
    raise TypeError(f"{type(value).__name__} is no JSON")


def _mend_keys(part: dict[str, Any]) -> Iterator[str]:
    for key in [key for key in part if _HALF_PAIR.search(key)]:
        part[_HALF_PAIR.sub("\ufffd", key)] = part.pop(key)
        yield "half a surrogate pair"


def _inner(part: Any) -> Iterator[Any]:
    return iter(part.values() if isinstance(part, dict) else part)


def _decode(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(json.detect_encoding(body))
    except UnicodeDecodeError:
        pass
    try:
        return body.decode(charset or "utf-8")
    except (UnicodeDecodeError, LookupError):
        return body.decode("utf-8", "replace")


def _parse(text: str) -> Any:
    try:
        return json.loads(text, strict=False, parse_constant=InvalidNumber, parse_float=_float, parse_int=_int)
    except json.JSONDecodeError as error:
        is_cut_off = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        row = _row_at(text, error.pos)
        where = f"row {row}, " if row else ""
        raise UnreadableBody(f"{where}character {error.pos}: {error.msg}", is_complete=not is_cut_off) from None


def _float(text: str) -> float | InvalidNumber:
    number = float(text)
    return number if math.isfinite(number) else InvalidNumber(text)


def _int(text: str) -> int | InvalidNumber:
    try:
        return int(text)
    except ValueError:  # more digits than Python reads
        return InvalidNumber(text)


def _parse_shallow(text: str) -> Any:
    kept, position = [], 0
    for start, end in _too_deep(text):
        kept += [text[position:start], json.dumps(TOO_DEEP)]
        position = end
    return _parse("".join([*kept, text[position:]]))


def _too_deep(text: str) -> Iterator[tuple[int, int]]:
    depth, start = 0, 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            start = token.start() if depth == MOST_NESTED + 1 else start
        elif token[0] in "]}":
            depth -= 1
            if depth == MOST_NESTED:
                yield start, token.end()


def _row_at(text: str, position: int) -> int:
    """Return the number of the row at this position, from 1; 0 before the first row."""
    depth = rows = 0
    for token in _TOKEN.finditer(text, 0, position):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        rows += token[0] == "{" and depth == _DEPTH_OF_ROWS
    return rows


def _problems_of(text: str) -> Iterator[str]:
    if _HALF_PAIR.search(text):
        yield "half a surrogate pair"
    if "\ufffd" in text:
        yield "what is no character"
    if text == TOO_DEEP:
        yield f"a value nested more than {MOST_NESTED} deep"
