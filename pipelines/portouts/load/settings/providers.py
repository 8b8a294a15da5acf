"""Finds settings through dlt's providers: for scripts that use the source alone, and for commands with a vault."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import dlt
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.typing import AnyType, TSecretStrValue

from portouts.load.settings.files import Setting


def found_by_providers(names: Collection[str], secrets: Collection[str]) -> dict[str, Setting]:
    """Find our settings in dlt's files and vaults, under `sources.telnyx` only."""
    found: dict[str, Setting] = {}
    for provider in dlt.config.config_providers:
        for name, value in _own_section(provider, names, secrets).items():
            found.setdefault(name, Setting(value, provider.name))
    return found


def _own_section(provider: ConfigProvider, names: Collection[str], secrets: Collection[str]) -> dict[str, Any]:
    """Read the section of one provider: a file returns it whole, a vault returns one value by its name."""
    whole, _ = provider.get_value("telnyx", AnyType, "", "sources")
    values = dict(whole) if isinstance(whole, dict) else {}
    for name in names:
        hint = TSecretStrValue if name in secrets else AnyType
        values[name], _ = provider.get_value(name, hint, "", "sources", "telnyx")
    return {name: value for name, value in values.items() if value is not None and not isinstance(value, dict)}
