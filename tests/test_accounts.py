"""Several accounts in one warehouse: the account of each row, also of rows from before there were accounts."""

from __future__ import annotations

import duckdb
from order_histories import AS_OF, World, create_raw
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs

OF_ORDERS = ("fct_portouts", "fct_portout_numbers", "fct_responses", "fct_status_changes", "rpt_open_orders")


def test_rows_that_an_earlier_version_loaded_belong_to_the_account_default() -> None:
    world = World()
    world.add_order(1, AS_OF)
    with duckdb.connect() as connection:
        create_raw(connection, world)
        for table in ("portouts", "portout_phone_numbers", "portout_events"):
            connection.execute(f"alter table raw.{table} drop column account")
        build_models(connection, ModelInputs(world.as_of))
        for mart in OF_ORDERS:
            assert connection.table(f"marts.{mart}").select("account").fetchall() == [("default",)], mart
