"""All models and checks, measured on a raw warehouse of a size that no sandbox serves quickly.

    python benchmarks/models.py --orders 1000000 --repeat 3

The raw rows are made in SQL from the numbers of the orders: the same orders every time, of ten stories, with several
spells, spellings, numbers, ranges and observations; one order in ten is from before the events. Each build runs in a
process of its own. Prints seconds, peak memory, and the slowest files of the last build.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs
from portouts.warehouse.sql import sql_folder

AS_OF = datetime(2026, 7, 1, 12, tzinfo=UTC)
MEMORY_LIMIT = "2GB"
STORAGE_VERSION = "v1.4.0"  # as in portouts.warehouse.warehouse
SLOWEST = 8

# Share of the orders, hours between the statuses, statuses. The shares add up to 100.
STORIES = """
create temp table stories (first_share integer, last_share integer, statuses varchar[]);
insert into stories values
    (0, 52, ['pending', 'authorized', 'ported']),
    (53, 62, ['pending', 'rejected-pending', 'pending', 'authorized', 'ported']),
    (63, 73, ['pending', 'rejected-pending', 'rejected']),
    (74, 75, ['pending', 'rejected-pending', 'pending', 'rejected-pending', 'pending', 'authorized', 'ported']),
    (76, 83, ['pending', 'rejected']),
    (84, 88, ['pending', 'canceled']),
    (89, 90, ['pending', 'authorized', 'canceled']),
    (91, 94, ['pending', 'authorized']),
    (95, 97, ['pending']),
    (98, 99, ['pending', 'rejected', 'pending', 'authorized', 'ported']);
"""

# `dice(i, n)`: the same random number from 0 to 2^31 - 1 for the same order and question.
ORDERS = """
create temp macro dice(i, n) as cast(hash(i * 64 + n) >> 33 as bigint);
create temp macro name_id(i, n) as cast(cast(md5(n || i) as uuid) as varchar);
create temp table orders as
select
    i,
    name_id(i, 'order') as id,
    statuses,
    timestamptz '2021-01-01 00:00:00+00' + dice(i, 1) % (2000 * 86400) * interval '1 second'
        + dice(i, 2) % 1000 * interval '1 millisecond' as inserted_at,
    i % 10 <> 0 as has_events,
from (select range as i from range($orders))
inner join stories on dice(i, 0) % 100 between first_share and last_share;

-- One row per status; half of the waits are within a day, some last weeks.
create temp table changes as
with steps as (
    select i, id, has_events, inserted_at, unnest(statuses) as status, generate_subscripts(statuses, 1) as place
    from orders
),

waits as (
    select
        *,
        case
            when place = 1 then 0
            else dice(i, 8 + place) % case dice(i, 24 + place) % 4 when 0 then 900000 when 1 then 160000 else 70000 end
        end as seconds,
    from steps
)

select
    i, id, has_events, status, place,
    inserted_at + cast(sum(seconds) over (partition by i order by place) as bigint) * interval '1 second' as began_at,
from waits;
delete from changes where began_at > $as_of;
"""

RAW = """
create schema raw;
create table raw.portouts as
with last_changes as (
    select i, arg_max(status, place) as status, max(began_at) as began_at
    from changes
    group by i
)

select
    id, 'portout' as record_type, status,
    'Carrier ' || dice(i, 3) % 20 * (dice(i, 44) % 20)
        || case dice(i, 4) % 5 when 0 then ', Inc.' when 1 then ' LLC' else '' end as carrier_name,
    case when dice(i, 5) % 10 > 0 then (1000 + dice(i, 3) % 20 * (dice(i, 44) % 20)) || 'A' end as spid,
    'Telnyx' as current_carrier, name_id(1, 'user') as user_id, null::varchar as vendor,
    'PO_' || substring(id, 1, 6) as support_key, 'PON' || i as pon,
    'Ann Example' as authorized_name, 'Ann Example' as end_user_name, '1 Sample Street' as service_address,
    'Springfield' as city, 'IL' as state, '62701' as zip,
    case when status = 'rejected' then 'Account number mismatch' end as reason,
    case when status = 'rejected' then 1000 + dice(i, 6) % 12 end as rejection_code,
    false as already_ported, false as host_messaging, '[]' as lsr,
    strftime(inserted_at + interval '3 days', '%Y-%m-%dT00:00:00+00:00') as foc_date,
    strftime(inserted_at + interval '2 days', '%Y-%m-%dT00:00:00+00:00') as requested_foc_date,
    inserted_at as created_at, inserted_at, began_at + interval '1 second' as updated_at, null::varchar as extra,
    null::timestamptz as deleted_at,
from orders
inner join last_changes using (i);

create table raw.portout_phone_numbers as
with numbers as (
    select i, id, unnest(range(case when dice(i, 7) % 4 = 0 then 1 + dice(i, 40) % 6 else 1 end)) + 1 as position
    from orders
)

select
    id as portout_id, position,
    '+1' || (201 + dice(i, 41) % 700) || 555 || right('000' || (dice(i, 42) + position) % 10000, 4) as phone_number,
    case when dice(i, 41) % 9 = 0 then 'CA' else 'US' end as country_code,
    cast(201 + dice(i, 41) % 700 as varchar) as area_code,
    case dice(i, 41) % 6
        when 0 then 'America/Chicago' when 1 then 'America/Los_Angeles' when 2 then 'America/Denver' when 3 then null
        else 'America/New_York'
    end as time_zone,
from numbers;

create table raw.portout_events as
with announced as (
    select i, id, 'portout.status_changed' as event_type, status, began_at, 'status' || place as what
    from changes
    where has_events
    union all
    select i, id, 'portout.new_comment', null, began_at + interval '7 minutes', 'comment' || place
    from changes
    where has_events and dice(i, 48 + place) % 8 < 3
    union all
    select i, id, 'portout.foc_date_changed', null, began_at + interval '5 minutes', 'foc'
    from changes
    where has_events and place = 1
)

select
    name_id(i, what) as id, event_type, id as portout_id, 'event' as record_type, 'completed' as payload_status,
    '{"id":"' || id || '","status":"' || coalesce(status, '') || '"}' as payload, status as payload__status,
    '["email","webhook"]' as available_notification_methods, began_at as created_at, began_at as updated_at,
    null::varchar as extra,
from announced;

-- A sync every six hours for the last two years; each notes what it finds changed, the first one all that there is.
create table raw.syncs as
select
    'sync' || range as sync_id, $as_of - range * interval '6 hours' as as_of, as_of as started_at,
    as_of as finished_at, 8::bigint as requests, 10::bigint as orders_read, 10::bigint as events_read,
    5::bigint as orders_changed, true as is_proven, true as published,
from range(2 * 365 * 4);

create table raw.portout_observations as
with seen as (
    select
        id, status, began_at,
        greatest(time_bucket(interval '6 hours', began_at) + interval '6 hours', first_sync.as_of) as seen_at,
        lead(began_at) over (partition by i order by place) as ended_at,
    from changes
    cross join (select min(as_of) as as_of from raw.syncs) as first_sync
)

select id as portout_id, status, began_at as updated_at, seen_at, 'sync' as sync_id
from seen
where seen_at <= $as_of and (ended_at is null or ended_at > seen_at);

create table raw.portout_ported_ranges as
select
    id as portout_id, began_at - interval '3 hours' as ported_from, began_at + interval '3 hours' as ported_to,
    began_at as seen_at
from changes
where status = 'ported';
"""


def generate(database: Path, orders: int) -> None:
    """Fill `raw` as a loader would have left it."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as made (storage_version '{STORAGE_VERSION}'); use made")
        connection.execute("set timezone = 'UTC'; set preserve_insertion_order = false")
        values = {"$orders": str(orders), "$as_of": f"timestamptz '{AS_OF.isoformat()}'"}
        script = f"{STORIES};{ORDERS};{RAW}"
        for name, value in values.items():
            script = script.replace(name, value)
        connection.execute(script)
        for table in ("portouts", "portout_phone_numbers", "portout_events", "portout_observations"):
            print(f"{connection.table(f'raw.{table}').count('*').fetchall()[0][0]:>12,} {table}")


class TimedConnection:
    """A connection that notes how long each file took."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.seconds: Counter[str] = Counter()
        folder = sql_folder()
        self._names = {path.read_text(): str(path.relative_to(folder)) for path in folder.rglob("*.sql")}

    def execute(self, statement: str, *values: Any) -> Any:
        began = time.perf_counter()
        answer = self.connection.execute(statement, *values)
        self.seconds[self._names.get(statement, "the runner")] += time.perf_counter() - began
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


def build(database: Path) -> None:
    """Build once and print `seconds cpu_seconds peak_MB`, then the slowest files."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        timed: Any = TimedConnection(connection)
        began = time.perf_counter()
        warnings = build_models(timed, ModelInputs(AS_OF))
        seconds = time.perf_counter() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    for name, took in timed.seconds.most_common(SLOWEST):
        print(f"{took:>12.2f} {name}")
    for warning in warnings:
        print(warning)


def run(*arguments: str) -> str:
    return subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--database", type=Path, help="keep the warehouse in this file; made if it is not there")
    parser.add_argument("--build", action="store_true", help="build once in --database, in this very process")
    options = parser.parse_args()
    if options.build:
        build(options.database)
        return
    with TemporaryDirectory() as folder:
        database = options.database or Path(folder) / "benchmark.duckdb"
        if not database.exists():
            generate(database, options.orders)
        outputs = [run("--build", "--database", str(database)) for _ in range(options.repeat)]
    figures = [[float(figure) for figure in output.splitlines()[0].split()] for output in outputs]
    print(f"{platform.machine()}, {os.cpu_count()} cores, DuckDB {duckdb.__version__}, medians of {len(figures)}")
    for name, values in zip(("seconds", "CPU seconds", "peak MB"), zip(*figures, strict=True), strict=True):
        print(f"{name:>12}: {statistics.median(values):,.1f}")
    print("slowest files, seconds in the last build:", *outputs[-1].splitlines()[1:], sep="\n")


if __name__ == "__main__":
    main()
