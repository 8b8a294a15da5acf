"""Operators with several carriers: a user's CSV file with one carrier per line and the header `carrier_id,operator`.

The carrier_id is a SPID or, for a carrier without SPID, its name in any spelling.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from portouts.transform.lists.carrier_names import fold_name, fold_spid
from portouts.transform.lists.csv_file import read_lines

HEADER = ["carrier_id", "operator"]


@dataclass(frozen=True)
class Operator:
    """One carrier and its operator."""

    carrier_id: str
    operator: str


def read_operators(path: Path) -> tuple[Operator, ...]:
    """Read a list of operators; raises `ValueError`, naming the file and the line."""
    _, lines = read_lines(path, "operators", HEADER)
    found = [_operator(path, *line) for line in lines]
    _require_one_each(path, found)
    return tuple(found)


def by_carrier_id(operators: Iterable[Operator]) -> dict[str, str]:
    """Map each carrier_id that an entry can mean, a SPID or a folded name, to its operator."""
    return {
        carrier_id: entry.operator
        for entry in operators
        for carrier_id in (fold_spid(entry.carrier_id), fold_name(entry.carrier_id))
        if carrier_id
    }


def _operator(path: Path, number: int, line: list[str]) -> Operator:
    cells = [cell.strip() for cell in line]
    if len(cells) != len(HEADER) or not all(cells):
        raise ValueError(
            f"line {number} of the list of operators {path} is not a carrier and an operator (073H,Example Telecom): "
            f"{','.join(line)}"
        )
    return Operator(*cells)


def _require_one_each(path: Path, found: list[Operator]) -> None:
    operators: dict[str | None, str] = {}
    for entry in found:
        if operators.setdefault(fold_spid(entry.carrier_id), entry.operator) != entry.operator:
            raise ValueError(f"the list of operators {path} names two operators of {entry.carrier_id}")
