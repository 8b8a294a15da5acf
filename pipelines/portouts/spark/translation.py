"""SQL of the models for Spark: translated by sqlglot. `schema.object` is a temporary view, whose name has no schema."""

from __future__ import annotations

from functools import cache


def view_name(name: str) -> str:
    """Return the name of the temporary view of `schema.object`."""
    return name.replace(".", "__")


@cache
def spark_sql(select: str) -> str:
    """Translate a select. Raises an error of sqlglot if Spark lacks something."""
    from sqlglot import ErrorLevel, exp, parse_one

    tree = parse_one(select, read="duckdb")
    for table in tree.find_all(exp.Table):
        if table.db:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("this", exp.to_identifier(view_name(f"{table.db}.{table.name}")))
            table.set("db", None)
    return tree.sql("spark", unsupported_level=ErrorLevel.RAISE, comments=False)
