"""dlt's `rest_api` source, declared as dlt's documentation declares an API with page numbers and a cursor.

    python -m contenders.rest_api [LOADER_FILE_FORMAT]

It uses the list's page count, a bearer token, an incremental cursor with a lag of 7 days (because orders change after
their insertion), merge on the primary key, and both resources in parallel. The default format is dlt's own.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import dlt
from dlt.sources.rest_api import rest_api_source
from dlt.sources.rest_api.typing import RESTAPIConfig

from contenders import DATABASE

WEEK = 7 * 24 * 3600


def resource(name: str, path: str, cursor: str) -> Any:
    """Declare one list, which is read from a week before its newest loaded row."""
    return {
        "name": name,
        "endpoint": {
            "path": path,
            "params": {"page[size]": 250},  # not in resource_defaults: dlt 1.31 would mix up the filters of both lists
            "data_selector": "data",
            "incremental": {
                "cursor_path": cursor,
                "start_param": f"filter[{cursor}][gte]",
                "initial_value": "2009-01-01T00:00:00Z",
                "lag": WEEK,
            },
        },
    }


def main() -> None:
    config: RESTAPIConfig = {
        "client": {
            "base_url": os.environ["TELNYX_BASE_URL"],
            "auth": {"type": "bearer", "token": os.environ["TELNYX_API_KEY"]},
            "paginator": {
                "type": "page_number",
                "base_page": 1,
                "page_param": "page[number]",
                "total_path": "meta.total_pages",
            },
        },
        "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
        "resources": [
            resource("portouts", "portouts", "inserted_at"),
            resource("portout_events", "portouts/events", "created_at"),
        ],
    }
    pipeline = dlt.pipeline(
        "port_outs",
        destination=dlt.destinations.duckdb(DATABASE),
        dataset_name="port_outs",
        pipelines_dir="dlt",
    )
    options: dict[str, Any] = {"loader_file_format": sys.argv[1]} if len(sys.argv) > 1 else {}
    pipeline.run(rest_api_source(config, parallelized=True), **options)


if __name__ == "__main__":
    main()
