"""An account full of canaries, and the search for them in every byte and every value of the files of a warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
from hostile_api import HostileAccount, HostileApi, order

NAME, STREET, SENTENCE = "Quillon Vexwhistle", "1 Brandywinehurst Lane", "Zanzibarrow objects to it"
UNKNOWN, CODE = "Ptarmiganesque", 7310945528
NUMBERS = "+1212555"
CANARIES = ("Vexwhistle", "Brandywinehurst", "Zanzibarrow", "Ptarmiganesque", str(CODE), NUMBERS)
# Their bytes in a DuckDB file, which stores short texts unchanged.
BYTES = [canary.encode() for canary in CANARIES]
ORDERS = 40


def personal_api() -> HostileApi:
    """Make orders and events with personal data in every field that can hold it, also of the wrong kind."""
    personal: dict[str, Any] = {
        "authorized_name": NAME,
        "end_user_name": f"{NAME} {NAME}",
        "service_address": STREET,
        "city": "Brandywinehurst",
        "zip": CODE,
        "reason": SENTENCE,
        "lsr": {"url": f"https://example.com/{UNKNOWN}"},
        "contact": {"name": UNKNOWN},
        UNKNOWN + " of Somewhere": 1,
    }
    rows: list[tuple[Any, Any]] = [
        order(number, **personal, status="pending" if number < 3 else "ported") for number in range(1, ORDERS)
    ]
    api = HostileApi(orders=rows)
    for place, row in rows:
        api.events += [
            (place, event | {"portout_id": row["id"], "created_at": row["inserted_at"]}) for event in _events(row)
        ]
    return api


def _events(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    payloads: dict[str, Any] = {
        "portout.status_changed": {
            "status": row["status"],
            "subscriber_name": NAME,
            "rejection_reason": SENTENCE,
            "phone_numbers": row["phone_numbers"],
        },
        "portout.new_comment": {"comment": SENTENCE if row["id"] < "order-020" else CODE},
        "portout.unheard_of": {"subscriber_name": NAME, "nested": [{"name": UNKNOWN}], f"{NUMBERS}0000": 1},
    }
    for event_type, payload in payloads.items():
        yield {"id": f"{event_type}-{row['id']}", "event_type": event_type, "payload": payload} | {
            "available_notification_methods": ["email", f"{UNKNOWN}@example.com x"],
            "caller": UNKNOWN,
        }


def load(account: HostileAccount) -> None:
    """Sync three times and keep the versions before; an order and its events are removed in between."""
    api = account.api
    account.sync()
    del api.orders[5], api.events[15:18]
    api.now += timedelta(hours=1)
    account.sync(keep=2)
    api.orders[1][1]["carrier_name"] = "Another"
    api.now += timedelta(hours=1)
    account.sync(keep=2)


def files_with_canaries(folder: Path) -> list[Path]:
    """List the files in which a canary stands as it is."""
    return [path for path in folder.rglob("*") if path.is_file() and any(map(path.read_bytes().__contains__, BYTES))]


def duckdb_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.duckdb") if path.is_file())


def columns_with_canaries(path: Path) -> set[str]:
    """List the columns of all tables and views in which a canary stands, compressed or not."""
    found = set[str]()
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name, list(column_name) from duckdb_columns() "
            "where not internal and database_name = current_database() group by all"
        ).fetchall()
        for table, columns in tables:
            answers = ", ".join(f"bool_or({_is_found_in(column)})" for column in columns)
            [row] = connection.execute(f"select {answers} from {table}").fetchall()
            found |= {f"{table}.{column}" for column, is_found in zip(columns, row, strict=True) if is_found}
    return found


def _is_found_in(column: str) -> str:
    return " or ".join(f"contains(cast({column} as varchar), '{canary}')" for canary in CANARIES)
