"""Alerts about the end of a command: it failed, or the API does not confirm what the warehouse holds."""

from __future__ import annotations

from collections.abc import Sequence

from portouts.errors import PortoutsError
from portouts.monitor.alerts.finding import Alert, Finding, key_of
from portouts.monitor.alerts.values import LINE_LENGTH
from portouts.names import label
from portouts.verify.comparison import Verdict
from portouts.warehouse.metadata import Certificate


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
    findings = []
    if unproven:
        line = f"The API's own counts do not confirm what was read: {len(unproven)} ranges are not proven."
        findings.append(Finding(key_of(["unproven ranges"]), line))
    if certificate and certificate.verdict != Verdict.PROVEN:
        compared = f"{certificate.orders:,} orders compared, {certificate.differences:,} differ"
        line = f"{certificate.verdict}: {compared}. `portouts verify` says more."
        findings.append(Finding(key_of([certificate.verdict, certificate.differences]), line))
    return Alert(name_of_end(command), "It is not proven that the warehouse shows what the API shows.", tuple(findings))
