"""Who is compared: how each is started, and where in its DuckDB file it leaves orders and events.

A contender is a module that runs in a folder of its own, which keeps what it wrote from one phase to the next. It finds
key and base URL where the Telnyx SDK looks for them too, and leaves `DATABASE`.
"""

from __future__ import annotations

from dataclasses import dataclass

DATABASE = "warehouse.duckdb"


@dataclass(frozen=True)
class Contender:
    """One tool, set up in one way."""

    name: str
    label: str
    module: str
    arguments: tuple[str, ...] = ()
    """`{as_of}` stands for the present of the simulated account."""
    tables: tuple[str, str] | None = None
    """Orders and events; None: it loads nothing, and only its cost is of interest."""


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
