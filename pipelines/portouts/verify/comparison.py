"""What a comparison with the API found: orders and counts that differ, and the verdict that follows from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from portouts.records.odd_rows import unusable_notes
from portouts.verify.count_buckets import Bucket
from portouts.windows import Window


class Verdict(StrEnum):
    """Whether the API confirms what the warehouse holds."""

    PROVEN = "PROVEN"
    DIFFERENT = "DIFFERENT"
    UNPROVEN = "UNPROVEN"


@dataclass(frozen=True)
class Difference:
    """An order in which warehouse and API disagree: missing, deleted, stale, or different in some fields."""

    portout_id: str
    kind: str
    inserted_at: datetime | None = None
    fields: tuple[str, ...] = ()


class CountDifference(NamedTuple):
    """A bucket of which the API shows another number than we hold."""

    bucket: Bucket
    shown: int
    held: int


@dataclass
class Comparison:
    """What was compared, and what was found."""

    buckets: int = 0
    orders: int = 0
    """Orders that the API counted in the ranges."""
    differing_counts: list[CountDifference] = field(default_factory=list)
    """Differences that were not searched."""
    differences: list[Difference] = field(default_factory=list)
    moved: int = 0
    unproven: list[str] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)
    """Rows that the API counts and that cannot be loaded: their descriptions, by fingerprint."""
    sampled_windows: int = 0
    sampled_orders: int = 0
    events: int | None = None
    """Events that the API counted; None if they were not counted."""
    missing_events: list[Window] = field(default_factory=list)
    """Ranges in which the API counts more events than we hold. Fewer are no difference: old ones may be removed."""

    @property
    def notes(self) -> list[str]:
        """Return one line for the rows that were counted and are not held, if any."""
        return unusable_notes(self.unusable)

    @property
    def least_differences(self) -> int:
        """Return how many orders differ; at least so many if only counts were compared."""
        gaps = [(bucket.status is None, shown - held) for bucket, shown, held in self.differing_counts]
        surplus = sum(gap for is_any, gap in gaps if gap > 0 and not is_any)
        deficit = sum(-gap for is_any, gap in gaps if gap < 0 and not is_any)
        return max(len(self.differences), surplus, deficit, *(abs(gap) for is_any, gap in gaps if is_any), 0)

    @property
    def verdict(self) -> Verdict:
        if self.least_differences or self.missing_events:
            return Verdict.DIFFERENT
        return Verdict.UNPROVEN if self.unproven else Verdict.PROVEN
