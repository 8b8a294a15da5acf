"""The groups of an aggregate that changed orders touch in an incremental build.

A group changes if a changed order was in it before the build, or is in it afterwards. So the groups are noted twice:
before the rows of these orders are replaced, and after that.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from portouts.transform.project.model import Groups, Model
from portouts.transform.project.statements import OF_CHANGED_ORDERS, replace_names


@dataclass(frozen=True)
class ChangedGroups:
    """The groups of one aggregate, in a temporary table."""

    connection: duckdb.DuckDBPyConnection
    model: Model
    groups: Groups

    @property
    def table(self) -> str:
        return f"temp.groups_of_{self.model.object_name}"

    def note_before(self) -> None:
        """List the groups in which the changed orders are before the build."""
        self.connection.execute(f"create or replace temp table {self.table} as {self._of_changed_orders}")

    def note_after(self) -> None:
        """Add the groups in which they are now."""
        self.connection.execute(f"insert into {self.table} {self._of_changed_orders}")

    @property
    def select(self) -> str:
        """The select of the aggregate, for these groups only."""
        rows = f"from {self.groups.model} where {self.groups.expression} in (from {self.table})"
        return replace_names(self.model.select, {self.groups.model: f"({rows})"})

    @property
    def condition(self) -> str:
        """Which rows of the aggregate belong to these groups."""
        return f"where {self.model.key[0]} in (from {self.table})"

    @property
    def _of_changed_orders(self) -> str:
        return f"from {self.groups.model} select {self.groups.expression} where {OF_CHANGED_ORDERS}"
