"""Serves a simulated account from a new process, so that its cost counts for no contender.

with serve(Setting(orders=2_000)) as account:
account.base_url()
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from typing import TYPE_CHECKING

from account import Account, Setting

if TYPE_CHECKING:
    from served_account import ServedAccount


def _create(setting: Setting) -> ServedAccount:
    from served_account import ServedAccount  # only in the new process: this one has to stay small

    return ServedAccount(setting)


class _Manager(BaseManager):
    if TYPE_CHECKING:

        def account(self, setting: Setting) -> Account: ...


_Manager.register("account", _create)


@contextmanager
def serve(setting: Setting) -> Iterator[Account]:
    """Serve an account from a new process; equal settings give equal accounts."""
    with _Manager(ctx=get_context("spawn")) as manager:
        yield manager.account(setting)
