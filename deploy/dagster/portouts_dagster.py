"""The warehouse of portouts as a Dagster asset: `dagster dev -f portouts_dagster.py`.

Each run starts the command `portouts sync` in a separate process. Its certificate, the comparison with the API's own
counts, becomes an asset check.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import dagster as dg

COMMAND = ["@command@"]
ARGUMENTS = ["@arguments@"]
API_KEY_FILE = "@key_file@"
LOCKED = 75  # exit code: another sync is at work


def run_sync() -> tuple[int, dict[str, Any]]:
    """Run `portouts sync --json`; return its exit code and its JSON object. Its notes are in the log of the step."""
    environment = {"TELNYX_API_KEY_FILE": API_KEY_FILE, **os.environ}
    with subprocess.Popen(
        [*COMMAND, "sync", "--json", *ARGUMENTS], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as process:
        try:
            said, _ = process.communicate()
        except BaseException:
            process.terminate()  # the sync loads what it is reading; `with` waits for it
            raise
    return process.returncode, json.loads(said or "{}")


@dg.asset(
    group_name="portouts",
    description="The published DuckDB file with Telnyx's port-outs: schemas raw, staging and marts.",
    check_specs=[dg.AssetCheckSpec("proven", asset="portouts", description="The API's own counts confirm it.")],
)
def portouts() -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Bring the warehouse up to date."""
    code, said = run_sync()
    if code == LOCKED:
        raise dg.RetryRequested(max_retries=5, seconds_to_wait=60)
    if code:
        raise dg.Failure(f"portouts sync ended with exit code {code}: {said.get('error', 'see standard error')}")
    certificate = said["verification"]
    yield dg.MaterializeResult(
        metadata={name: said[name] for name in ("database", "as_of", "requests", "orders_read", "orders_changed")}
    )
    yield dg.AssetCheckResult(
        check_name="proven",
        passed=said["is_proven"] and certificate["verdict"] == "PROVEN",
        metadata={name: certificate[name] for name in ("verdict", "depth", "orders", "differences", "repaired")},
    )


defs = dg.Definitions(
    assets=[portouts],
    schedules=[
        dg.ScheduleDefinition(
            name="portouts_sync",
            target=[portouts],
            cron_schedule="@cron@",
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
    ],
)
