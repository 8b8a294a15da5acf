"""Alerts about the end of a command: it failed, or the API does not confirm what the warehouse holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from portouts.errors import PortoutsError
from portouts.monitor.alerts.finding import Alert, Finding, key_of
from portouts.monitor.alerts.values import LINE_LENGTH
from portouts.names import label
from portouts.verify.comparison import Verdict
from portouts.warehouse.metadata import Certificate

NOT_PROVEN = "It is not proven that the warehouse shows what the API shows."
BEHIND = "Not every target of [publish] shows what the published file does."


def name_of_end(command: str) -> str:
    """Return the name of the alert about the end of a command; no SQL file has this name."""
    return f"end of {command}"


def alert_of_failure(command: str, error: BaseException) -> Alert:
    """Report why a command failed; a repeated failure of the same kind is not sent again."""
    kind = type(error).__name__
    reason = str(error) if isinstance(error, PortoutsError) else f"an unknown error ({kind}); its log says more"
    finding = Finding(key_of([kind]), label(reason, LINE_LENGTH))
    return Alert(name_of_end(command), f"`portouts {command}` failed.", (finding,))


def alert_of_proof(command: str, certificate: Certificate | None, unproven: Sequence[str] = ()) -> Alert:
    """Report what could not be proven; the alert has no findings if everything is proven."""
    return Alert(name_of_end(command), NOT_PROVEN, tuple(_unproven(certificate, unproven)))


class AccountEnd(NamedTuple):
    """How a command ended for one of several accounts."""

    account: str
    error: PortoutsError | None = None
    certificate: Certificate | None = None
    unproven: Sequence[str] = ()


def alert_of_accounts(command: str, ends: Sequence[AccountEnd]) -> Alert:
    """Report which accounts failed and what of which is not proven; a finding of one does not hide that of another."""
    findings = [
        Finding(key_of([one.account, found.key]), label(f"{one.account}: {found.line}", LINE_LENGTH))
        for one in ends
        for found in _of_account(one)
    ]
    return Alert(name_of_end(command), "Not every account is read and proven.", tuple(findings))


def with_targets(alert: Alert, behind: Mapping[str, str]) -> Alert:
    """Report the targets that are behind, too: `behind` is target → why."""
    if not behind:
        return alert
    found = [
        Finding(key_of(["target", target]), label(f"{target}: {why}", LINE_LENGTH)) for target, why in behind.items()
    ]
    title = f"{alert.title} {BEHIND}" if alert.findings else BEHIND
    return Alert(alert.name, title, (*alert.findings, *found))


def _of_account(end: AccountEnd) -> Iterator[Finding]:
    if end.error:
        yield Finding(key_of([type(end.error).__name__]), f"it could not be read. {end.error}")
    yield from _unproven(end.certificate, end.unproven)


def _unproven(certificate: Certificate | None, unproven: Sequence[str]) -> Iterator[Finding]:
    if unproven:
        line = f"The API's own counts do not confirm what was read: {len(unproven)} ranges are not proven."
        yield Finding(key_of(["unproven ranges"]), line)
    if certificate and certificate.verdict != Verdict.PROVEN:
        compared = f"{certificate.orders:,} orders compared, {certificate.differences:,} differ"
        line = f"{certificate.verdict}: {compared}. `portouts verify` says more."
        yield Finding(key_of([certificate.verdict, certificate.differences]), line)
