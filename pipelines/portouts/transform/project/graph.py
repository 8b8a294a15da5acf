"""What each model reads, and the order that follows.

The parser of SQL takes longer than a build without changes. So a full build parses, and writes what it found into
`staging.model_lineage`; an incremental build, whose SQL is the same, reads that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import duckdb

from portouts.errors import ModelFailed
from portouts.transform.project.inventory_tables import with_empty_tables
from portouts.transform.project.model import Kind, Model, read_models

Reads = Mapping[str, tuple[str, ...]]
"""Model or check → the tables and views that its select reads, as `schema.object`, in the order of the text."""
LINEAGE = "staging.model_lineage"


def parse_reads(selects: Mapping[str, str]) -> Reads:
    """Parse what each select reads. Raises `ModelFailed`, naming the model, where the SQL cannot be parsed."""
    return {name: _tables(name, select) for name, select in selects.items()}


@cache
def _tables(name: str, select: str) -> tuple[str, ...]:
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError

    try:
        tree = parse_one(select, read="duckdb")
    except SqlglotError as error:
        raise ModelFailed(f"{name}: {error}") from error
    found = [(table.meta.get("start", 0), f"{table.db}.{table.name}") for table in tree.find_all(exp.Table) if table.db]
    return tuple(dict.fromkeys(name for _, name in sorted(found, key=lambda pair: pair[0])))


@dataclass(frozen=True)
class ModelGraph:
    """All models, each after what it reads, and what each model and check reads."""

    models: Sequence[Model]
    reads: Reads

    def reads_raw(self, model: Model) -> bool:
        """Return whether a model reads tables of `raw` directly."""
        return any(read.startswith("raw.") for read in self.reads[model.name])


def in_order(models: Mapping[str, Model], reads: Reads) -> list[Model]:
    """Sort the models so that each follows what it reads; those that could change places are sorted by name."""
    graph = {name: sorted(set(reads[name]) & models.keys()) for name in sorted(models)}
    try:
        return [models[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise ModelFailed(f"models read each other in a circle: {', '.join(error.args[1])}") from error


def read_graph(folder: Path, checks: Mapping[str, str], held: Collection[str]) -> ModelGraph:
    """Parse all models of the folder `sql`, and what they and the checks read.

    `held` are the tables of `raw`; of those of the inventory, the others are replaced by empty ones.
    """
    models = read_models(folder)
    reads = parse_reads({name: model.select for name, model in models.items()} | dict(checks))
    _require_held_groups(models, reads)
    models = {name: replace(model, select=with_empty_tables(model.select, held)) for name, model in models.items()}
    return ModelGraph(in_order(models, reads), reads)


def _require_held_groups(models: Mapping[str, Model], reads: Reads) -> None:
    """Raise `ModelFailed` if an incremental build cannot know in which groups an order was before it."""
    for model in models.values():
        if model.groups and not _is_per_order_and_held(model.groups.model, models, reads):
            raise ModelFailed(
                f"{model.name}: its groups come from {model.groups.model}, which is neither a table per order nor a "
                "view on such tables, so their earlier values are not held"
            )


def _is_per_order_and_held(name: str, models: Mapping[str, Model], reads: Reads) -> bool:
    kind = models[name].kind if name in models else None
    return kind is Kind.PER_ORDER or (kind is Kind.PER_ORDER_VIEW and not _shows_raw(name, models, reads))


def _shows_raw(name: str, models: Mapping[str, Model], reads: Reads) -> bool:
    """Return whether a name is a table of `raw`, or a view on one, whose rows change before a build."""
    if name not in models:
        return True
    return not models[name].kind.is_table and any(_shows_raw(read, models, reads) for read in reads[name])


def write_lineage(connection: duckdb.DuckDBPyConnection, reads: Reads) -> None:
    """Fill the table of the lineage."""
    rows = [(name, position, read) for name, found in reads.items() for position, read in enumerate(found, start=1)]
    names, positions, tables = (list(column) for column in zip(*rows, strict=True))
    connection.execute(f"insert into {LINEAGE} select unnest(?), unnest(?), unnest(?)", [names, positions, tables])


def read_lineage(connection: duckdb.DuckDBPyConnection) -> Reads:
    """Read what the last full build wrote."""
    rows = connection.execute(f"select model, reads from {LINEAGE} order by model, position").fetchall()  # noqa: S608 - our own name
    reads: defaultdict[str, list[str]] = defaultdict(list)
    for model, read in rows:
        reads[model].append(read)
    return defaultdict(tuple, {model: tuple(found) for model, found in reads.items()})
