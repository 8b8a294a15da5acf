"""Numbers that another version loaded get the places that the installed data determine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
import pytest
from order_histories import AS_OF, World, create_raw
from portouts.errors import ModelFailed
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs

if TYPE_CHECKING:
    from collections.abc import Iterator

INPUTS = ModelInputs(AS_OF)
PLACES = """
    select country_code, area_code, time_zone, time_zone_source, number_type
    from raw.portout_phone_numbers
    order by position
"""
WRONG = """
    update raw.portout_phone_numbers
    set
        country_code = null, area_code = null, time_zone = 'America/Adak', time_zone_source = 'exchange',
        number_type = 'other'
"""
RIGHT = [
    ("US", "907", "America/Anchorage", "area_code", "geographic"),
    ("KZ", None, "Asia/Almaty", "country", "mobile"),
]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    world = World()
    world.add_order(1, datetime(2026, 3, 1, 9, tzinfo=UTC), phone_numbers=["+19075550101", "+77015550101"])
    with duckdb.connect() as opened:
        create_raw(opened, world)
        yield opened


def forget_new_columns(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave the columns of an early version."""
    for column in ("time_zone_source", "number_type"):
        connection.execute(f"alter table raw.portout_phone_numbers drop column {column}")


def test_places_are_determined_again_if_they_were_loaded_without_their_source(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute(WRONG)
    forget_new_columns(connection)
    build_models(connection, INPUTS)
    assert connection.execute(PLACES).fetchall() == RIGHT


def test_places_are_determined_again_if_and_only_if_their_data_changed(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    build_models(connection, INPUTS)
    connection.execute(WRONG)
    build_models(connection, INPUTS)
    assert connection.execute(PLACES).fetchall() == [(None, None, "America/Adak", "exchange", "other")] * 2
    connection.execute("update staging.model_settings set place_data = 'an earlier release'")
    build_models(connection, INPUTS)
    assert connection.execute(PLACES).fetchall() == RIGHT


def test_hidden_numbers_keep_their_place_and_its_source_is_unknown(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute("update raw.portout_phone_numbers set phone_number = md5(phone_number)")
    forget_new_columns(connection)
    connection.execute("update raw.portout_phone_numbers set time_zone = 'America/Adak' where area_code = '907'")
    build_models(connection, INPUTS)
    spells = connection.execute("select time_zone, time_zone_source from marts.fct_responses").fetchall()
    assert spells == [("America/Adak", "unknown")]


def test_a_failed_build_leaves_the_places_unchanged(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(WRONG)
    forget_new_columns(connection)
    before = connection.execute("from raw.portout_phone_numbers").fetchall()
    with pytest.raises(ModelFailed):
        build_models(connection, ModelInputs(AS_OF, response_window_hours=float("nan")))
    assert connection.execute("from raw.portout_phone_numbers").fetchall() == before
