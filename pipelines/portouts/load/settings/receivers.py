"""Reads the settings of monitors and alerts, also if another setting is wrong."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from portouts.errors import SettingsError
from portouts.load.settings.files import Found
from portouts.load.settings.tables import SOURCE_TABLE, AlertSettings, MetricsSettings, SourceSettings
from portouts.load.settings.values import settings_of


@dataclass
class Receivers:
    """The monitors and the receivers of alerts."""

    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)


def metrics_among(found: Found) -> MetricsSettings:
    """Read the settings of monitors; raises `SettingsError`, which never shows the address, because it is a secret."""
    settings = settings_of(MetricsSettings, "metrics", found)
    url = settings.ping_url or ""
    if url.lower().startswith("http://") and not _allows_insecure_http(found):
        from portouts.telnyx.network import is_loopback

        if not is_loopback(url):
            raise SettingsError(
                "metrics.ping_url must begin with https://: over http:// it can be read on its way. Only this "
                "machine (127.0.0.1, localhost) may be pinged over http://, unless allow_insecure_http = true "
                f"({found['metrics.ping_url'].origin})."
            )
    return settings


def _allows_insecure_http(found: Found) -> bool:
    name = "allow_insecure_http"
    return name in found and settings_of(SourceSettings, SOURCE_TABLE, {name: found[name]}).allow_insecure_http


def receivers_among(found: Found) -> Receivers:
    """Read all receivers whose settings are right; the command itself reports wrong settings."""
    receivers = Receivers()
    with suppress(SettingsError):
        receivers.metrics = metrics_among(found)
    with suppress(SettingsError):
        receivers.alerts = settings_of(AlertSettings, "alerts", found)
    return receivers
