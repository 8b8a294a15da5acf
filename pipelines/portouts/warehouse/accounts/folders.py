"""The folders of accounts in a working folder: `accounts/NAME/` holds the working file of one account."""

from __future__ import annotations

import shutil
from pathlib import Path

ACCOUNTS = "accounts"


def account_folder(folder: Path, name: str) -> Path:
    """Return the folder of an account, which need not exist."""
    return folder / ACCOUNTS / name


def has_accounts(folder: Path) -> bool:
    """Return whether this working folder holds accounts, each with a working file of its own."""
    return (folder / ACCOUNTS).is_dir()


def forget_files(folder: Path, *names: str) -> None:
    """Remove the files of these accounts, or of all; the next sync makes them again from the shared file."""
    for name in names or accounts_in(folder):
        shutil.rmtree(account_folder(folder, name), ignore_errors=True)


def accounts_in(folder: Path) -> list[str]:
    """List the accounts that have a folder."""
    return sorted(path.name for path in (folder / ACCOUNTS).glob("*") if path.is_dir())
