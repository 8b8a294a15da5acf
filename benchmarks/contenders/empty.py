"""The fixed cost of any sync with dlt: its import, and a run of a resource without rows."""

from __future__ import annotations

from collections.abc import Iterator

import dlt

from contenders import DATABASE


@dlt.resource
def nothing() -> Iterator[dict[str, str]]:
    """Yield no row."""
    yield from ()


if __name__ == "__main__":
    pipeline = dlt.pipeline(
        "empty", destination=dlt.destinations.duckdb(DATABASE), dataset_name="raw", pipelines_dir="dlt"
    )
    pipeline.run(nothing())
