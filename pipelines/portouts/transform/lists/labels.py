"""What users found out about port-outs: a CSV file with the header `order_or_number,label`.

An order is named by its id, by its support key, or by one of its numbers. The labels are those of `LABELS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from portouts.records.privacy import Privacy
from portouts.transform.lists.csv_file import read_lines

HEADER = ["order_or_number", "label"]
LABELS = ("unauthorised", "error", "winback")
_OTHER_SPELLINGS = {"unauthorized": "unauthorised"}
_UUID = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_NUMBER = re.compile(r"\+[0-9]{3,20}")


@dataclass(frozen=True)
class Label:
    """What a user calls one order, or the order of one number."""

    subject: str
    """Id or support key of an order, or a number as the warehouse holds it."""
    label: str
    is_number: bool


def read_labels(path: Path) -> tuple[Label, ...]:
    """Read a list of labels; it may have only the header. Raises `ValueError`, naming the file and the line."""
    _, lines = read_lines(path, "labels", HEADER)
    found = {number: _entry(path, number, cells) for number, cells in lines}
    _require_one_label_each(path, found)
    return tuple(dict.fromkeys(found.values()))


def as_held(labels: Iterable[Label], privacy: Privacy) -> tuple[Label, ...]:
    """Write the numbers as the warehouse holds them: hashed, unless they are already, or not at all."""
    held = (one for one in labels if not one.is_number or privacy.pii != "drop")
    is_hashed = privacy.pii == "hash"
    return tuple(
        replace(one, subject=str(privacy.mask(one.subject))) if is_hashed and one.subject.startswith("+") else one
        for one in held
    )


def _entry(path: Path, number: int, line: list[str]) -> Label:
    cells = [cell.strip() for cell in line]
    if len(cells) != len(HEADER) or not cells[0]:
        raise ValueError(f"line {number} of the list of labels {path} is not an order or a number, and a label")
    digits = re.sub(r"[\s().-]", "", cells[0])
    is_number = _NUMBER.fullmatch(digits) is not None
    label = _OTHER_SPELLINGS.get(cells[1].casefold(), cells[1].casefold())
    if label not in LABELS:
        raise ValueError(
            f"line {number} of the list of labels {path} has the label {cells[1]!r}: use {', '.join(LABELS[:-1])} or "
            f"{LABELS[-1]}"
        )
    if not is_number and (cells[0].startswith("+") or re.search(r"\s", cells[0]) or digits.isdigit()):
        raise ValueError(
            f"line {number} of the list of labels {path} names no order and no number: use the id of an order, its "
            "support key, or a number with + and country code, such as +13125550101"
        )
    if is_number:
        return Label(digits, label, is_number=True)
    return Label(cells[0].lower() if _UUID.fullmatch(cells[0]) else cells[0], label, is_number=False)


def _require_one_label_each(path: Path, found: dict[int, Label]) -> None:
    first: dict[str, int] = {}
    for number, entry in found.items():
        earlier = first.setdefault(entry.subject, number)
        if found[earlier].label != entry.label:
            raise ValueError(
                f"lines {earlier} and {number} of the list of labels {path} give one order or number two labels: "
                "delete one"
            )
