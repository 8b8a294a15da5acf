"""A model: one file `sql/<schema>/<subject>/<object>.sql` with one select, and what its first comment says about it.

The comment has paragraphs: a description that begins with the grain; `kind:` and `key:`; and one `column: text` per
column, where an indented line continues the text. A column without text has that of the column of the same name in a
model that it reads.

| kind | what a build makes of it |
|---|---|
| `per order` | a table; each row depends on the rows of one order, so only changed orders are replaced |
| `per order temporary` | the same, but a table only while a build runs, and a view afterwards |
| `per order view` | a view whose rows belong to one order each |
| `dimension`, `aggregate` | a table, computed again if something that it reads changed |
| `view` | a view |
| `input` | a table that Python fills; the select, which returns no rows, only names its columns |

An aggregate can also say `groups: <expression> of <model>`: the first column of its key is that expression over rows of
a per-order model, and is never null; each row depends only on orders of its group. If nothing but orders changed, an
incremental build computes the groups in which these orders were or are, and keeps the other rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from portouts.errors import ModelFailed
from portouts.warehouse.sql import sql_files

SCHEMAS = ("staging", "intermediate", "marts")
_HEADER = re.compile(r"/\*\n(?P<header>.*?)\n\*/\n(?P<select>.*)", re.DOTALL)
_ENTRY = re.compile(r"(?m)^(\w+): (.*(?:\n .*)*)")
_GROUPS = re.compile(r"(?P<expression>.+) of (?P<model>\w+\.\w+)")


class Kind(StrEnum):
    """What a build makes of a model."""

    PER_ORDER = "per order"
    PER_ORDER_TEMPORARY = "per order temporary"
    PER_ORDER_VIEW = "per order view"
    DIMENSION = "dimension"
    AGGREGATE = "aggregate"
    VIEW = "view"
    INPUT = "input"

    @property
    def is_per_order(self) -> bool:
        return self in (Kind.PER_ORDER, Kind.PER_ORDER_TEMPORARY, Kind.PER_ORDER_VIEW)

    @property
    def is_temporary(self) -> bool:
        """Return whether a full build computes it in a temporary table or view."""
        return self in (Kind.PER_ORDER_TEMPORARY, Kind.PER_ORDER_VIEW)

    @property
    def is_table(self) -> bool:
        """Return whether a published file holds the model as a table."""
        return self in (Kind.PER_ORDER, Kind.DIMENSION, Kind.AGGREGATE, Kind.INPUT)


@dataclass(frozen=True)
class Groups:
    """An expression over the rows of a per-order model; its value is the first column of the key of an aggregate."""

    expression: str
    model: str


@dataclass(frozen=True)
class Model:
    """One file of `sql/`; `name` is `schema.object`, `columns` are the texts of its columns."""

    name: str
    path: Path
    kind: Kind
    key: tuple[str, ...]
    groups: Groups | None
    description: str
    columns: Mapping[str, str]
    select: str

    @property
    def object_name(self) -> str:
        return self.path.stem


def read_models(folder: Path) -> dict[str, Model]:
    """Read all models of the folder `sql`, by name. Raises `ModelFailed`, naming the file, if one is malformed."""
    models: dict[str, Model] = {}
    for schema in SCHEMAS:
        for path in sql_files(folder / schema):
            model = parse_model(schema, path, path.read_text(encoding="utf-8"))
            models[model.name] = model
    return models


@cache
def parse_model(schema: str, path: Path, text: str) -> Model:
    """Read the text of one file."""
    found = _HEADER.fullmatch(text)
    paragraphs = found["header"].split("\n\n") if found else []
    if not found or len(paragraphs) < 2:
        raise ModelFailed(f"{path}: does not begin with a comment of a description, a kind and a key")
    properties = dict(_entries(paragraphs[1:2]))
    try:
        kind = Kind(properties["kind"])
    except (KeyError, ValueError):
        raise ModelFailed(f"{path}: its kind is not one of {', '.join(Kind)}") from None
    return Model(
        name=f"{schema}.{path.stem}",
        path=path,
        kind=kind,
        key=tuple(properties["key"].split(", ")) if "key" in properties else (),
        groups=_groups(path, kind, properties),
        description=_one_line(paragraphs[0]),
        columns=dict(_entries(paragraphs[2:])),
        select=found["select"].strip(),
    )


def _groups(path: Path, kind: Kind, properties: Mapping[str, str]) -> Groups | None:
    if "groups" not in properties:
        return None
    found = _GROUPS.fullmatch(properties["groups"])
    if not found or kind is not Kind.AGGREGATE or "key" not in properties:
        raise ModelFailed(f"{path}: `groups: <expression> of <model>` needs an aggregate with a key")
    return Groups(**found.groupdict())


def _entries(paragraphs: Iterable[str]) -> Iterable[tuple[str, str]]:
    for paragraph in paragraphs:
        for name, text in _ENTRY.findall(paragraph):
            yield name, _one_line(text)


def _one_line(text: str) -> str:
    return " ".join(text.split())
