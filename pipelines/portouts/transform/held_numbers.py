"""Places of the numbers in `raw`: country, area code and time zone, determined again after a release of new data.

Hidden numbers (setting `pii`) keep the place that was determined when they were loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portouts.records.phone_numbers import place_all, places_version

if TYPE_CHECKING:
    import duckdb

VISIBLE_NUMBERS = """
    select numbers.portout_id, numbers.position, numbers.phone_number, orders.inserted_at
    from raw.portout_phone_numbers as numbers
    inner join raw.portouts as orders on orders.id = numbers.portout_id
    where numbers.phone_number like '+%'
"""
UPDATE_PLACES = """
    update raw.portout_phone_numbers as held
    set
        country_code = located.country_code,
        area_code = located.area_code,
        time_zone = located.time_zone,
        time_zone_source = located.time_zone_source,
        number_type = located.number_type
    from located
    where
        held.portout_id = located.portout_id
        and held.position = located.position
        and (
            held.country_code is distinct from located.country_code
            or held.area_code is distinct from located.area_code
            or held.time_zone is distinct from located.time_zone
            or held.time_zone_source is distinct from located.time_zone_source
            or held.number_type is distinct from located.number_type
        )
"""


def update_places(connection: duckdb.DuckDBPyConnection) -> None:
    """Update the places of all numbers, unless the installed data already determined them."""
    if _has_column(connection, "raw", "portout_phone_numbers", "number_type"):
        is_built = _has_column(connection, "staging", "model_inputs", "place_data")
        versions = connection.execute("select place_data from staging.model_inputs").fetchall() if is_built else []
        if not versions or versions == [(places_version(),)]:
            return
    for column in ("time_zone_source", "number_type"):
        connection.execute(f"alter table raw.portout_phone_numbers add column if not exists {column} varchar")
    held = connection.sql(VISIBLE_NUMBERS).to_arrow_table()
    located = held.select(["portout_id", "position"])
    for name, column in place_all(held["phone_number"].to_pylist(), held["inserted_at"].combine_chunks()).items():
        located = located.append_column(name, column)
    connection.register("located", located)
    connection.execute(UPDATE_PLACES)
    connection.unregister("located")


def _has_column(connection: duckdb.DuckDBPyConnection, schema: str, table: str, column: str) -> bool:
    query = "from duckdb_columns() where schema_name = ? and table_name = ? and column_name = ?"
    return connection.execute(query, [schema, table, column]).fetchone() is not None
