"""How far down each page of a PDF is filled: reads what Chromium prints, with the standard library only.

Chromium writes each page as one compressed stream of drawing operators. The position of a text or of a path is a point
in the coordinates that the `cm` operators before it have set.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)
_POINTS = {b"m": 2, b"l": 2, b"c": 6, b"re": 4}
_ENDS_OF_PATHS = (b"f", b"f*", b"S", b"B", b"B*", b"n")


def filled_to(pdf: bytes, *, bottom_margin: float) -> list[float]:
    """Return, for each page, how far down its lowest mark is: 0 is the top of the sheet, 1 the bottom margin.

    What stands in the bottom margin, whose height is in points, does not count.
    """
    objects = dict(re.findall(rb"\n(\d+) 0 obj\n(.*?)\nendobj", pdf, re.DOTALL))
    [root] = [body for body in objects.values() if b"/Type /Pages" in body and b"/Parent" not in body]
    found = []
    for page in _pages(root, objects):
        box = [float(number) for number in re.findall(rb"[\d.]+", _value(page, b"MediaBox", rb"\[(.*?)\]"))]
        content = objects[_value(page, b"Contents", rb"(\d+) 0 R")]
        stream = zlib.decompress(content.partition(b"stream\n")[2])
        marks = [y for y in _heights(stream) if y > bottom_margin]
        found.append((box[3] - min(marks)) / (box[3] - bottom_margin))
    return found


def _pages(node: bytes, objects: dict[bytes, bytes]) -> Iterator[bytes]:
    for number in re.findall(rb"(\d+) 0 R", _value(node, b"Kids", rb"\[(.*?)\]")):
        child = objects[number]
        yield from _pages(child, objects) if b"/Type /Pages" in child else [child]


def _value(body: bytes, name: bytes, pattern: bytes) -> bytes:
    found = re.search(rb"/" + name + rb"\s+" + pattern, body, re.DOTALL)
    assert found, f"{name!r} is missing in {body[:200]!r}"
    return found[1]


def _heights(stream: bytes) -> Iterator[float]:
    """Yield the height of every text, and of every point of a path that is not white, in points from below."""
    matrix, saved, is_white = IDENTITY, [], False
    path: list[float] = []
    for operator, operands in _operations(stream):
        if operator == b"q":
            saved.append((matrix, is_white))
        elif operator == b"Q":
            matrix, is_white = saved.pop()
        elif operator == b"cm":
            matrix = _product(operands, matrix)
        elif operator == b"rg":
            is_white = operands == [1, 1, 1]
        elif operator == b"Tm":
            yield _height(operands[4], operands[5], matrix)
        elif operator in _POINTS:
            path += _path(operator, operands[-_POINTS[operator] :], matrix)
        elif operator in _ENDS_OF_PATHS:
            yield from path if operator != b"n" and not is_white else []
            path = []


def _operations(stream: bytes) -> Iterator[tuple[bytes, list[float]]]:
    """Yield each operator with the numbers before it."""
    operands: list[float] = []
    for token in re.findall(rb"<[0-9a-fA-F]*>|/\S+|[^\s<>/]+", stream):
        if re.fullmatch(rb"[-+]?[0-9]*\.?[0-9]+", token):
            operands.append(float(token))
        else:
            yield token, operands
            operands = []


def _path(operator: bytes, numbers: list[float], matrix: Matrix) -> Iterator[float]:
    if operator == b"re":
        x, y, width, height = numbers
        numbers = [x, y, x + width, y + height]
    for x, y in zip(numbers[::2], numbers[1::2], strict=True):
        yield _height(x, y, matrix)


def _product(inner: list[float], outer: Matrix) -> Matrix:
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def _height(x: float, y: float, matrix: Matrix) -> float:
    return matrix[1] * x + matrix[3] * y + matrix[5]
