"""The tools that are compared: how each is started, and which tables of its DuckDB file hold orders and events.

A contender is a module that runs in a folder of its own, which it keeps from one phase to the next. It reads the key
and the base URL from the variables of the Telnyx SDK, and writes `DATABASE`.
"""

from __future__ import annotations

from dataclasses import dataclass

DATABASE = "warehouse.duckdb"


@dataclass(frozen=True)
class Contender:
    """One tool with one configuration."""

    name: str
    label: str
    module: str
    arguments: tuple[str, ...] = ()
    """`{as_of}` is replaced by the present of the simulated account."""
    tables: tuple[str, str] | None = None
    """The tables of orders and events; None for a contender that loads nothing, to measure its fixed cost."""


OURS = Contender(
    "ours",
    "portouts",
    "portouts",
    ("sync", "--json", "--as-of", "{as_of}", "--database", DATABASE),
    ("raw.portouts", "raw.portout_events"),
)
FLOOR = Contender("floor", "floor", "contenders.floor", tables=("orders", "events"))
EMPTY = Contender("empty", "import dlt, empty load", "contenders.empty")
_REST_API_TABLES = ("port_outs.portouts", "port_outs.portout_events")

CONTENDERS = {
    contender.name: contender
    for contender in (
        OURS,
        Contender("rest_api_parquet", "dlt rest_api, Parquet", "contenders.rest_api", ("parquet",), _REST_API_TABLES),
        Contender("rest_api", "dlt rest_api", "contenders.rest_api", tables=_REST_API_TABLES),
        Contender("sdk", "Telnyx SDK and pandas", "contenders.sdk", tables=("orders", "events")),
        FLOOR,
        EMPTY,
    )
}
