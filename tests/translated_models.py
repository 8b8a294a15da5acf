"""The models and checks as files, translated for another engine by sqlglot."""

from __future__ import annotations

import re
from functools import cache

from portouts.transform.checks import read_checks
from portouts.transform.project.graph import in_order, parse_reads
from portouts.transform.project.model import Model, read_models
from portouts.warehouse.sql import sql_folder
from sqlglot import ErrorLevel, transpile


@cache
def translated(sql: str, engine: str) -> str:
    """Write SQL of DuckDB for another engine. Raises an error of sqlglot if the engine lacks something."""
    [statement] = transpile(sql, read="duckdb", write=engine, unsupported_level=ErrorLevel.RAISE, comments=False)
    return statement


@cache
def ordered_models() -> list[Model]:
    """List all models, each after what it reads."""
    models = read_models(sql_folder())
    return in_order(models, parse_reads({name: model.select for name, model in models.items()}))


def statements() -> dict[str, str]:
    """Return the select of each model and each check by its name, without comments."""
    models = {model.name: model.select for model in ordered_models()}
    selects = models | read_checks(sql_folder())
    return {name: re.sub(r"/\*.*?\*/|--[^\n]*", "", select, flags=re.DOTALL) for name, select in selects.items()}
