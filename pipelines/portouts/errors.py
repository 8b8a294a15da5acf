"""What every error of ours has in common: a message for whoever ran the command, and the exit code it ends with.

PortoutsError         1   failed, nothing published
├── Interrupted       1   asked to stop
├── SettingsError     2   wrong usage or settings
├── Locked           75   another sync holds the lock
└── all others        1   drawn or explained in the rooms that raise them
"""

from __future__ import annotations


class PortoutsError(Exception):
    """Something failed in a way that is known; the message says what, where and what to do next."""

    exit_code = 1


class Interrupted(PortoutsError):
    """The sync was asked to stop."""


class SettingsError(PortoutsError):
    """A setting is missing or cannot be used; the message says which, and what to set."""

    exit_code = 2
