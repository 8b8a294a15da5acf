"""The floor: fetch all pages on eight connections into files, and make two tables with DuckDB's JSON reader.

It reads everything every time, and checks, redacts, remembers and merges nothing. A tool that does more with the same
libraries is hardly faster, so this is a lower bound and not a tool.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from pathlib import Path

import duckdb
import httpx

from contenders import DATABASE

CONNECTIONS = 8
PAGE_SIZE = 250
PAGES = Path("pages")
LISTS = {"orders": "portouts", "events": "portouts/events"}
# Declared, because the JSON reader would otherwise read the first pages twice to detect the columns.
ORDER = """
    id varchar, record_type varchar, status varchar, phone_numbers varchar[], carrier_name varchar, spid varchar,
    current_carrier varchar, user_id varchar, vendor varchar, support_key varchar, pon varchar, authorized_name varchar,
    end_user_name varchar, service_address varchar, city varchar, state varchar, zip varchar, reason varchar,
    rejection_code bigint, already_ported boolean, host_messaging boolean, lsr varchar[], foc_date varchar,
    requested_foc_date varchar, created_at timestamptz, inserted_at timestamptz, updated_at timestamptz
"""
EVENT = """
    id varchar, event_type varchar, portout_id varchar, record_type varchar, payload_status varchar, payload json,
    available_notification_methods varchar[], created_at timestamptz, updated_at timestamptz
"""


async def fetch_all() -> None:
    """Fetch all pages of both lists."""
    async with httpx.AsyncClient(
        base_url=os.environ["TELNYX_BASE_URL"] + "/",
        headers={"Authorization": f"Bearer {os.environ['TELNYX_API_KEY']}"},
        limits=httpx.Limits(max_connections=CONNECTIONS),
        timeout=60,
    ) as client:

        async def fetch(table: str, number: int) -> bytes:
            page = {"page[number]": number, "page[size]": PAGE_SIZE}
            answer = (await client.get(LISTS[table], params=page)).raise_for_status()
            PAGES.joinpath(f"{table}-{number:06}.json").write_bytes(answer.content)
            return answer.content

        async def work(pages: deque[tuple[str, int]]) -> None:
            while pages:
                await fetch(*pages.popleft())

        first_pages = await asyncio.gather(*[fetch(table, 1) for table in LISTS])
        counts = [json.loads(page)["meta"]["total_pages"] for page in first_pages]
        rest = deque((t, number) for t, count in zip(LISTS, counts, strict=True) for number in range(2, count + 1))
        await asyncio.gather(*[work(rest) for _ in range(CONNECTIONS)])


def read_pages() -> None:
    """Create a table of each list."""
    with duckdb.connect(DATABASE) as connection:
        for table, row in (("orders", ORDER), ("events", EVENT)):
            pages = f"read_json('{PAGES}/{table}-*.json', columns = {{data: 'struct({row})[]'}})"
            connection.execute(f"create or replace table {table} as select unnest(data, max_depth := 2) from {pages}")  # noqa: S608 (our names)


def main() -> None:
    PAGES.mkdir(exist_ok=True)
    for page in PAGES.iterdir():
        page.unlink()
    asyncio.run(fetch_all())
    read_pages()


if __name__ == "__main__":
    main()
