"""The accounts of a warehouse: tables `[sources.telnyx.accounts.NAME]`, each with a key and settings of its own.

What an account does not set, it takes from `[sources.telnyx]`, except the key. A key there is that of the account
`default`. Settings that decide what figures mean, such as `pii` or `time_zone`, hold for all accounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from portouts.errors import PortoutsError, SettingsError
from portouts.load.settings.files import ACCOUNTS, Found, Setting
from portouts.load.settings.key import read_key
from portouts.names import DEFAULT_ACCOUNT

KEY, KEY_FILE = "api_key", "api_key_file"
OWN_SETTINGS = (
    KEY,
    KEY_FILE,
    "base_url",
    "allow_insecure_http",
    "start_date",
    "page_size",
    "max_concurrency",
    "overlap_minutes",
    "request_deadline_seconds",
    "sync_deadline_minutes",
    "events",
    "inventory",
    "inventory_every_hours",
)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def is_of_account(name: str) -> bool:
    """Return whether a setting belongs to one account."""
    return name.startswith(ACCOUNTS)


def is_key_of_account(name: str) -> bool:
    """Return whether a setting is the key of one account."""
    return is_of_account(name) and name.endswith(f".{KEY}")


def naming_key(text: str, account: str, found: Found) -> str:
    """Return a message with the setting of this account's key where it names the key of a single account."""
    if not any(name.startswith(f"{ACCOUNTS}{account}.") for name in found):
        return text
    key = f"{KEY} under [sources.telnyx.accounts.{account}]"
    return text.replace("TELNYX_API_KEY", key).replace("The key's user", f"The user of {key}")


@contextmanager
def named_key(account: str, found: Found) -> Iterator[None]:
    """Let an error about the key name the setting of this account."""
    try:
        yield
    except PortoutsError as error:
        error.args = (naming_key(str(error), account, found),)
        raise


def require_account_name(name: str) -> str:
    """Return the name; raises `SettingsError` unless it has plain characters only, since folders are named after it."""
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"The account {name!r} cannot have this name: use up to 40 of the characters a-z, 0-9, - and _, and begin "
            "with a letter or a digit."
        )
    return name


def found_by_account(found: Found) -> Mapping[str, Found]:
    """Return the settings of each account by its name; no accounts if no table of one is there.

    Raises `SettingsError` for a name or a setting that an account cannot have, for an account without a key, and for
    two accounts with the same key.
    """
    own: dict[str, dict[str, Setting]] = {}
    for name, setting in found.items():
        if is_of_account(name):
            account, _, of_account = name.removeprefix(ACCOUNTS).partition(".")
            own.setdefault(require_account_name(account), {})[of_account] = setting
    if not own:
        return {}
    shared = {name: setting for name, setting in found.items() if not is_of_account(name)}
    key = shared.pop(KEY, None)
    if key is not None and str(key.value).strip():
        own.setdefault(DEFAULT_ACCOUNT, {}).setdefault(KEY, key)
    accounts = {name: {**shared, **_with_key(name, given)} for name, given in sorted(own.items())}
    _require_different_keys(accounts)
    return accounts


def _with_key(account: str, given: Found) -> Found:
    """Check the names of an account's settings, and read its key where a file holds it."""
    if unknown := [name for name in given if name not in OWN_SETTINGS]:
        origin = given[unknown[0]].origin
        raise SettingsError(
            f"[sources.telnyx.accounts.{account}] has no setting {unknown[0]} ({origin}). An account may have "
            f"{', '.join(OWN_SETTINGS)}; everything else holds for all accounts and stands under [sources.telnyx]."
        )
    own = dict(given)
    file = own.pop(KEY_FILE, None)
    if file is not None and KEY in own:
        raise SettingsError(f"The account {account} has api_key and api_key_file. Remove one of the two.")
    if file is not None:
        name = f"{KEY_FILE} of the account {account}"
        own[KEY] = Setting(read_key(name, Path(str(file.value))), file.origin)
    if KEY not in own or not str(own[KEY].value).strip():
        raise SettingsError(
            f"The account {account} has no key: set api_key under [sources.telnyx.accounts.{account}] in "
            f".dlt/secrets.toml, or SOURCES__TELNYX__ACCOUNTS__{account.upper()}__API_KEY."
        )
    return own


def _require_different_keys(accounts: Mapping[str, Found]) -> None:
    names: dict[str, str] = {}
    for name, found in accounts.items():
        other = names.setdefault(str(found[KEY].value).strip(), name)
        if other != name:
            raise SettingsError(
                f"The accounts {other} and {name} have the same key, so they are one account. Remove one of them; "
                f"`portouts accounts rename` gives what is held another name."
            )
