"""docs/destinations.md: the settings are dlt's, and the SQL can be translated for engines that are not run here."""

from __future__ import annotations

import re
import tomllib
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlglot import ErrorLevel, UnsupportedError, exp, parse_one, transpile
from translated_models import statements

PAGE = (Path(__file__).parents[1] / "docs" / "destinations.md").read_text(encoding="utf-8")
SETTINGS = tomllib.loads("\n".join(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)))["destination"]
CREDENTIALS = {
    "bigquery": "GcpServiceAccountCredentials",
    "snowflake": "SnowflakeCredentials",
    "databricks": "DatabricksCredentials",
    "motherduck": "MotherDuckCredentials",
}
NOT_RUN = ("bigquery", "snowflake", "databricks")
# Of BigQuery, `nulls last` in a window that sums or counts.
OTHER_ORDER = 8


def fields_of(kind: type) -> set[str]:
    return reduce(set.union, (set(getattr(base, "__annotations__", {})) for base in kind.__mro__))


@pytest.mark.parametrize("name", CREDENTIALS)
def test_the_settings_of_a_destination_are_dlt_s(name: str) -> None:
    configuration = import_module(f"dlt.destinations.impl.{name}.configuration")
    settings: dict[str, Any] = dict(SETTINGS[name])
    assert settings.pop("credentials").keys() - fields_of(getattr(configuration, CREDENTIALS[name])) == set()
    [client] = [kind for kind in vars(configuration).values() if _is_client(kind, name)]
    assert settings.keys() - fields_of(client) == set()


def _is_client(kind: object, name: str) -> bool:
    return isinstance(kind, type) and kind.__name__.lower() == f"{name}clientconfiguration"


@pytest.mark.parametrize("engine", NOT_RUN)
def test_all_models_and_checks_can_be_translated_and_parsed_for_an_engine_that_is_not_run_here(engine: str) -> None:
    refused = [name for name, select in statements().items() if not is_translated(select, engine)]
    assert len(refused) == (OTHER_ORDER if engine == "bigquery" else 0), refused


def is_translated(select: str, engine: str) -> bool:
    """Translate and parse; return whether all of it has a counterpart. Only `nulls last` may have none."""
    lacks = lacking(select, engine)
    assert [what for what in lacks if "'NULLS LAST' translation not supported" not in what] == []
    [statement] = transpile(select, read="duckdb", write=engine, unsupported_level=ErrorLevel.IGNORE)
    assert parse_one(statement, read=engine).find(exp.Select)
    return not lacks


def lacking(select: str, engine: str) -> list[str]:
    try:
        transpile(select, read="duckdb", write=engine, unsupported_level=ErrorLevel.RAISE, max_unsupported=1_000)
    except UnsupportedError as error:
        return str(error).split("\n\n")
    return []
