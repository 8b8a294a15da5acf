"""How a `sync` or `verify` ended, for monitors and alerts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from portouts.measures import Measures

if TYPE_CHECKING:
    from portouts.commands.jobs.sync import SyncOutcome
    from portouts.commands.jobs.verify import VerifyOutcome


@dataclass
class Ended:
    """How a `sync` or `verify` ended, with or without an error. The command fills it in while it works."""

    command: str
    database: Path
    started_at: datetime
    run_id: str
    """The `sync_id` or `verification_id` of the run, in `raw.syncs` and `raw.verifications`."""
    measures: Measures
    state_dir: Path | None = None
    ended_at: datetime = field(init=False)
    exit_code: int = 0
    outcome: SyncOutcome | VerifyOutcome | None = None
    """None if the command failed, or loaded into another engine."""
    error: BaseException | None = None
    """Why it failed. Only the text of a `PortoutsError` may be shown."""

    @property
    def is_success(self) -> bool:
        return self.exit_code == 0
