"""What customers are worth: a user's CSV file with one customer per line and the header `customer_reference,value`.

The reference is that of the inventory, and is masked like it. The surprise: errors name lines and show no reference.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from portouts.records.pins import text_without_pins
from portouts.records.privacy import Privacy
from portouts.transform.lists.csv_file import Line, read_lines

HEADER = ["customer_reference", "value"]


@dataclass(frozen=True)
class CustomerValue:
    """One customer and its value, in whatever unit the list has."""

    customer_reference: str
    value: float


def read_customer_values(path: Path) -> tuple[CustomerValue, ...]:
    """Read a list of values; raises `ValueError`, naming the file and the line."""
    _, lines = read_lines(path, "customer values", HEADER)
    found: dict[str, tuple[int, CustomerValue]] = {}
    for line in lines:
        entry = _customer_value(path, line)
        number, held = found.setdefault(entry.customer_reference, (line.number, entry))
        if held != entry:
            raise ValueError(
                f"lines {number} and {line.number} of the list of customer values {path} name the same customer with "
                "two values: keep one of them"
            )
    return tuple(entry for _, entry in found.values())


def masked(values: Iterable[CustomerValue], privacy: Privacy) -> tuple[CustomerValue, ...]:
    """Mask the references as those of the inventory are; dropped ones leave nothing."""
    references = [(privacy.mask(text_without_pins(one.customer_reference)), one.value) for one in values]
    return tuple(CustomerValue(str(reference), value) for reference, value in references if reference is not None)


def _customer_value(path: Path, line: Line) -> CustomerValue:
    cells = [cell.strip() for cell in line.cells]
    try:
        reference, value = cells
        number = float(value)
        if reference and math.isfinite(number):
            return CustomerValue(reference, number)
    except ValueError:
        pass
    raise ValueError(
        f"line {line.number} of the list of customer values {path} is not a reference and a number "
        "(CUST-0001,1250.00): correct or remove it"
    )
