"""Companies with several carriers: a user's CSV file with one carrier per line and the header `carrier,parent`.

The carrier is a SPID or a name in any spelling; a name means every carrier that any order gives this name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from portouts.transform.lists.carrier_names import fold_name, fold_spid
from portouts.transform.lists.csv_file import read_lines

HEADER = ["carrier", "parent"]


@dataclass(frozen=True)
class CarrierParent:
    """One carrier and the company behind it."""

    carrier: str
    parent: str


def read_carriers(path: Path) -> tuple[CarrierParent, ...]:
    """Read a list of carriers; raises `ValueError`, naming the file and the line."""
    _, lines = read_lines(path, "carriers", HEADER)
    found = {number: _entry(path, number, cells) for number, cells in lines}
    _require_one_parent_each(path, found)
    return tuple(found.values())


def by_carrier_id(carriers: Iterable[CarrierParent]) -> dict[str, str]:
    """Map each SPID or folded name that an entry can mean to its parent."""
    return {
        carrier: entry.parent
        for entry in carriers
        for carrier in (fold_spid(entry.carrier), fold_name(entry.carrier))
        if carrier
    }


def _entry(path: Path, number: int, line: list[str]) -> CarrierParent:
    cells = [cell.strip() for cell in line]
    if len(cells) != len(HEADER) or not all(cells):
        raise ValueError(
            f"line {number} of the list of carriers {path} is not a carrier and its parent (073H,Example Telecom): "
            f"{','.join(line)}; write both, and a value with a comma in quotes"
        )
    return CarrierParent(*cells)


def _require_one_parent_each(path: Path, found: dict[int, CarrierParent]) -> None:
    first: dict[str | None, int] = {}
    for number, entry in found.items():
        earlier = first.setdefault(fold_name(entry.carrier) or fold_spid(entry.carrier), number)
        if found[earlier].parent != entry.parent:
            raise ValueError(
                f"lines {earlier} and {number} of the list of carriers {path} give {entry.carrier} two parents: "
                "delete one"
            )
