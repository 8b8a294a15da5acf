"""The published file opens in the DuckDB that BI tools carry: 1.4, from the registry, beside the one that wrote it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from portouts_sandbox import World
from simulated_account import Account

pytestmark = [pytest.mark.slow, pytest.mark.network]

READ = """
import json, sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    orders = connection.execute("select count(*) from marts.fct_portouts").fetchall()[0][0]
    views = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts' order by all"
    ).fetchall()
    rows = {name: len(connection.execute(f"from marts.{name}").fetchall()) for (name,) in views}
print(json.dumps({"version": duckdb.__version__, "orders": orders, "rows": rows}))
"""


@pytest.fixture(scope="module")
def older_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("duckdb-1.4")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), "duckdb>=1.4,<1.5"]
    ended = subprocess.run(pip, check=False, capture_output=True, text=True)
    if ended.returncode:
        pytest.skip("DuckDB 1.4 cannot be installed beside: " + ended.stderr.strip().splitlines()[-1])
    return folder


def test_duckdb_1_4_reads_every_mart(older_duckdb: Path, tmp_path: Path) -> None:
    account = Account(World(60, seed=5, now=datetime(2026, 5, 16, tzinfo=UTC)), tmp_path / "portouts.duckdb")
    account.sync()
    ended = subprocess.run(
        [sys.executable, "-c", READ, str(account.database)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(older_duckdb)},
    )
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert (said["version"][:4], said["orders"]) == ("1.4.", 60)
    expected = dict(account.ask("select table_name, 0 from information_schema.tables where table_schema = 'marts'"))
    assert said["rows"] == {name: account.ask(f"select count(*) from marts.{name}")[0][0] for name in expected}
