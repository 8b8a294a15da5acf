"""An incremental build: the rows of changed orders, and what reads something that changed.

For the changed orders, each per-order model becomes a temporary table, computed by the same select from temporary
tables; its rows replace those of these orders. A dimension or an aggregate that reads something that changed is
computed again as a whole, or only for the groups of these orders if it has groups. Everything else stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import duckdb

from portouts.transform.changed_groups import ChangedGroups
from portouts.transform.checks import CheckWarning, run_checks
from portouts.transform.input_tables import add_inputs_of_changed_orders, set_instant
from portouts.transform.inputs import ModelInputs
from portouts.transform.project.graph import ModelGraph
from portouts.transform.project.inventory_tables import changed_tables
from portouts.transform.project.model import Kind, Model
from portouts.transform.project.statements import OF_CHANGED_ORDERS, run, with_temporary_names
from portouts.warehouse.sql import sql_folder

INSTANT = "staging.model_instant"
# Changed orders whose histories DuckDB holds in memory.
MOST_ORDERS = 100_000


@dataclass
class IncrementalBuild:
    """One incremental build in the caller's transaction."""

    connection: duckdb.DuckDBPyConnection
    graph: ModelGraph
    inputs: ModelInputs
    changed: set[str] = field(default_factory=set)
    """Tables and views with other rows than before."""
    refreshed: list[str] = field(default_factory=list)
    """Tables that were written."""
    orders: int = 0
    """Changed orders."""
    groups: dict[str, ChangedGroups] = field(default_factory=dict)
    """Aggregate → its groups that changed orders touch."""

    def run(self) -> str:
        """Bring all models up to date; return why only a full build can, empty if this was enough."""
        self._find_changed_orders()
        if self.orders > MOST_ORDERS:
            return f"{self.orders} orders changed, more than an incremental build computes at once"
        if self._held_instant() != self.inputs.as_of:
            set_instant(self.connection, self.inputs.as_of)
            self.changed.add(INSTANT)
        self.changed |= changed_tables(self.connection)
        self._note_groups()
        for model in self.graph.models:
            if model.kind.is_per_order:
                self._update_orders(model)
            elif model.kind is not Kind.INPUT and self._reads_changed(model) and not self._refresh(model):
                return f"earlier rows of {model.name} changed"
        return ""

    @property
    def temporary(self) -> list[Model]:
        """The models of which temporary tables or views hold the rows of changed orders."""
        return [model for model in self.graph.models if model.kind.is_per_order] if self.orders else []

    def check(self, checks: Mapping[str, str]) -> list[CheckWarning]:
        """Run the checks of changed orders on their rows, and those of totals if something that they read changed."""
        names = [model.name for model in self.temporary]
        of_orders = {
            name: with_temporary_names(query, names)
            for name, query in checks.items()
            if name.startswith("checks/orders/") and self.orders
        }
        of_totals = {
            name: query
            for name, query in checks.items()
            if name.startswith("checks/totals/") and not self.changed.isdisjoint(self.graph.reads[name])
        }
        return run_checks(self.connection, of_orders | of_totals)

    def is_check_of_all_due(self) -> bool:
        """Return whether the checks last looked at all rows too long ago, by the instants of the builds."""
        if not self.inputs.check_all_hours:
            return False
        [(checked_at,)] = self.connection.execute(f"select checked_at from {INSTANT}").fetchall()
        return bool(self.inputs.as_of - checked_at >= timedelta(hours=self.inputs.check_all_hours))

    def check_all(self, checks: Mapping[str, str]) -> list[CheckWarning]:
        """Run all checks on all rows, as a full build does, and note when."""
        warnings = run_checks(self.connection, checks)
        self.connection.execute(f"update {INSTANT} set checked_at = as_of")
        return warnings

    def _find_changed_orders(self) -> None:
        query = (sql_folder() / "changed_orders.sql").read_text(encoding="utf-8")
        self.connection.execute(f"create or replace temp table changed_orders as {query}")
        [(self.orders,)] = self.connection.execute("select count(*) from temp.changed_orders").fetchall()
        if self.orders:
            add_inputs_of_changed_orders(self.connection)

    def _note_groups(self) -> None:
        """Note in which groups the changed orders are, before their rows are replaced."""
        for model in self.graph.models:
            if model.groups and self.orders:
                self.groups[model.name] = ChangedGroups(self.connection, model, model.groups)
                self.groups[model.name].note_before()

    def _held_instant(self) -> object:
        found = self.connection.execute(f"select as_of from {INSTANT}").fetchall()
        return found[0][0] if found else None

    def _reads_changed(self, model: Model) -> bool:
        return not self.changed.isdisjoint(self.graph.reads[model.name])

    def _update_orders(self, model: Model) -> None:
        """Compute the rows of changed orders; a table gets them if they differ from those that it has."""
        if self.orders:
            self._compute_changed_orders(model)
        if model.kind is Kind.PER_ORDER:
            self._replace_changed_orders(model)
        elif self._reads_changed(model) or (self.orders and self.graph.reads_raw(model)):
            self.changed.add(model.name)

    def _replace_changed_orders(self, model: Model) -> None:
        of_changed = f"from {model.name} where {OF_CHANGED_ORDERS}"
        if self.orders and self._differ(f"(select * {of_changed})", f"temp.{model.object_name}"):
            self.connection.execute(f"delete {of_changed}")
            self.connection.execute(f"insert into {model.name} select * from temp.{model.object_name}")
            self._changed(model)

    def _compute_changed_orders(self, model: Model) -> None:
        """Make the temporary table or view of the changed orders."""
        if self.graph.reads_raw(model):
            select, kind = f"select * from {model.name} where {OF_CHANGED_ORDERS}", "table"
        else:
            names = [other.name for other in self.temporary]
            select = with_temporary_names(model.select, names)
            kind = "view" if model.kind is Kind.PER_ORDER_VIEW else "table"
        run(self.connection, model.path, f"create or replace temp {kind} {model.object_name} as {select}")

    def _refresh(self, model: Model) -> bool:
        """Compute a dimension or an aggregate again; a view has changed by itself. Return whether that is allowed."""
        if model.kind is Kind.VIEW:
            self.changed.add(model.name)
            return True
        readers = [other for other in self.graph.models if model.name in self.graph.reads[other.name]]
        select, condition = self._select(model)
        if not readers:  # comparing would take longer than writing
            self._write(model, select, condition)
            return True
        run(self.connection, model.path, f"create or replace temp table refreshed as {select}")
        are_orders = any(reader.kind in (Kind.PER_ORDER, Kind.PER_ORDER_TEMPORARY) for reader in readers)
        is_allowed = not are_orders or self._keeps_rows(model)
        if is_allowed and self._differ(f"(select * from {model.name} {condition})", "temp.refreshed"):
            self._write(model, "select * from temp.refreshed", condition)
        self.connection.execute("drop table temp.refreshed")
        return is_allowed

    def _select(self, model: Model) -> tuple[str, str]:
        """Return the select that brings a model up to date, and the condition of the rows that it replaces."""
        if model.name not in self.groups or not self._changes_with_orders_only(model):
            return model.select, ""
        groups = self.groups[model.name]
        groups.note_after()
        return groups.select, groups.condition

    def _changes_with_orders_only(self, model: Model) -> bool:
        """Return whether all that changed of what a model reads are rows of the changed orders."""
        changed = [name for name in self.graph.reads[model.name] if name in self.changed]
        per_order = {other.name: other for other in self.graph.models if other.kind.is_per_order}
        return all(
            name in per_order
            and (per_order[name].kind is Kind.PER_ORDER or self._changes_with_orders_only(per_order[name]))
            for name in changed
        )

    def _write(self, model: Model, select: str, condition: str = "") -> None:
        self.connection.execute(f"delete from {model.name} {condition}")
        run(self.connection, model.path, f"insert into {model.name} {select}")
        self._changed(model)

    def _keeps_rows(self, model: Model) -> bool:
        """Return whether no row of a dimension changed: orders that are not queued may depend on it."""
        held = f"select held.* from {model.name} as held semi join temp.refreshed using ({', '.join(model.key)})"
        return not self._rows(f"{held} except all select * from temp.refreshed")

    def _differ(self, held: str, computed: str) -> bool:
        """Return whether two tables have different rows."""
        return self._rows(
            f"(from {held} except all from {computed}) union all (from {computed} except all from {held})"
        )

    def _rows(self, query: str) -> bool:
        return bool(self.connection.execute(f"select 1 from ({query}) limit 1").fetchall())

    def _changed(self, model: Model) -> None:
        self.changed.add(model.name)
        self.refreshed.append(model.name)
