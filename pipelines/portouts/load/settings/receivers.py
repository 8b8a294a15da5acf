"""The settings of whoever is told how a command ended, also where another setting is wrong."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from portouts.errors import SettingsError
from portouts.load.settings.files import Found
from portouts.load.settings.tables import AlertSettings, MetricsSettings
from portouts.load.settings.values import settings_of


@dataclass
class Receivers:
    """Monitors and people."""

    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)


def receivers_among(found: Found) -> Receivers:
    """Read the receivers that can be read; the command itself reports a setting that is wrong."""
    receivers = Receivers()
    with suppress(SettingsError):
        receivers.metrics = settings_of(MetricsSettings, "metrics", found)
    with suppress(SettingsError):
        receivers.alerts = settings_of(AlertSettings, "alerts", found)
    return receivers
