"""The targets of `[publish]`: each gets what the published file shows, after a publication or by `portouts publish`.

The file is published already, so a target that fails loses nothing: the next publication finds what it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from portouts.errors import NotPublished, SettingsError, TargetsBehind
from portouts.logs import log

if TYPE_CHECKING:
    from portouts.load.settings.tables import PublishSettings
    from portouts.publish.target import TargetOutcome
    from portouts.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class PublishOutcome:
    """The result of `portouts publish`."""

    database: Path
    as_of: datetime
    targets: list[TargetOutcome]
    noted: list[str] = field(default_factory=list)
    """What the warehouse did on its own; shown to the user at that time."""


def run_publish(warehouse: Warehouse, settings: PublishSettings) -> PublishOutcome:
    """Make every target equal to the published file, and compare all its tables."""
    if not settings.targets:
        raise SettingsError(
            "There is no target: set PUBLISH__TARGETS, or targets under [publish] in .dlt/secrets.toml, to addresses "
            "such as postgresql://user@host/database."
        )
    if not warehouse.database.exists():
        raise NotPublished(f"{warehouse.database} does not exist. Run `portouts sync` first.")
    with warehouse.locked():
        targets = hand_over(warehouse, settings, whole=True)
        return PublishOutcome(warehouse.database, _as_of(warehouse), targets, warehouse.notes)


def publish(
    warehouse: Warehouse,
    settings: PublishSettings,
    as_of: datetime,
    is_stopping: Callable[[], bool] = lambda: False,
    keep: int | None = None,
) -> list[TargetOutcome]:
    """Publish the working file, keep so many versions published before, and bring all targets up to date."""
    warehouse.publish(keep)
    log("published", database=str(warehouse.database), as_of=as_of)
    return hand_over(warehouse, settings, is_stopping)


def hand_over(
    warehouse: Warehouse,
    settings: PublishSettings,
    is_stopping: Callable[[], bool] = lambda: False,
    *,
    whole: bool = False,
    keep: int | None = None,
) -> list[TargetOutcome]:
    """Bring all targets up to date under the lock of the warehouse; return what came of each.

    `keep` comes before the setting of the same name.
    """
    if not settings.targets:
        return []
    from portouts.publish.target import Target
    from portouts.publish.targets import Request, publish_to_targets

    kept = settings.keep if keep is None else keep
    request = Request(settings.schemas, settings.timeout_minutes * 60, kept, whole)
    targets = [Target(url) for url in settings.targets]
    return publish_to_targets(warehouse.database, warehouse.folder, targets, request, is_stopping)


def behind(targets: Sequence[TargetOutcome]) -> TargetsBehind | None:
    """Return the error that names the targets that could not be brought up to date; None if there are none."""
    failed = [f"{one.target}: {one.error}." for one in targets if one.error]
    if not failed:
        return None
    return TargetsBehind(
        f"The file is published, but not every target of [publish] shows it. {' '.join(failed)} The next sync or "
        "`portouts publish` brings the target up to date."
    )


def _as_of(warehouse: Warehouse) -> datetime:
    import duckdb

    from portouts.warehouse.metadata import synced_until

    with duckdb.connect(str(warehouse.database), read_only=True) as connection:
        return synced_until(connection)
