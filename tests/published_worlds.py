"""Published files of small worlds, and folders of queries: what alerts read."""

from __future__ import annotations

from pathlib import Path

import duckdb
from order_histories import World, create_raw
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs


def publish(folder: Path, world: World) -> Path:
    """Build the marts of a world in a file."""
    folder.mkdir(exist_ok=True)
    database = folder / "portouts.duckdb"
    database.unlink(missing_ok=True)
    world.sync(world.as_of)
    with duckdb.connect(str(database)) as connection:
        create_raw(connection, world)
        build_models(connection, ModelInputs(world.as_of))
    return database


def own(folder: Path, **files: str) -> Path:
    """Write the queries of a user."""
    folder = folder / "own"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return folder
