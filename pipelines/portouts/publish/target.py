"""A target of `[publish] targets`: where it is, and what a publication to it reports.

The address may hold a password, so it is never shown: `Target.shown` has neither user, password nor parameters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import msgspec

POSTGRESQL = frozenset({"postgresql", "postgres"})
_PARAMETERS = re.compile(r"[?#]")
# A password is also given as a parameter of an address, or without an address.
_PARAMETER = re.compile(r"(?i)\b(password|passwd|secret|token|key)=[^\s&]+")


@dataclass(frozen=True)
class Target:
    """The address of a target."""

    url: str = field(repr=False)

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0].lower()

    @property
    def is_postgresql(self) -> bool:
        return self.scheme in POSTGRESQL

    @property
    def shown(self) -> str:
        """Return the address without user, password and parameters; of one that can be read in two ways, the scheme."""
        whole = self.url.partition("://")[2]
        place = _PARAMETERS.split(whole, maxsplit=1)[0]
        authority, slash, path = place.partition("/")
        is_unclear = "@" in whole and "@" not in authority and (self.is_postgresql or "@" not in place)
        return f"{self.scheme}://{'…' if is_unclear else authority.rpartition('@')[2] + slash + path}"

    def without_secrets(self, text: str) -> str:
        """Return a message of a driver without this address and without what may be a password."""
        text = _PARAMETER.sub(r"\1=…", text.replace(self.url, self.shown))
        for secret in filter(None, self._secrets()):
            text = text.replace(secret, "…")
        return text

    def _secrets(self) -> set[str]:
        try:
            password = urlsplit(self.url).password or ""
        except ValueError:
            password = ""
        rest = self.url.partition("://")[2]
        written = rest.rpartition("@")[0].partition(":")[2]  # also of an address that cannot be parsed
        return {password, unquote(password), written}


class TargetOutcome(msgspec.Struct, frozen=True):
    """What a publication to one target did; `error` is empty if the target equals the published file."""

    target: str
    seconds: float = 0.0
    tables: int = 0
    """Tables that were written."""
    rows_sent: int = 0
    rows_removed: int = 0
    bytes_sent: int = 0
    """Bytes of files; 0 for a server."""
    notes: list[str] = []
    error: str = ""


@dataclass
class Sent:
    """What was sent to a target so far."""

    tables: int = 0
    rows: int = 0
    removed: int = 0
    bytes: int = 0
    notes: list[str] = field(default_factory=list)
