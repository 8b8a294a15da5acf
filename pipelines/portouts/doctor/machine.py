"""Checks this machine: time zone data, the connection to the API, and optional packages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from importlib.util import find_spec

from portouts.doctor.findings import Finding, ok, warning
from portouts.extras import install_command
from portouts.records.time_zones import rules_version
from portouts.telnyx.network import is_loopback, proxy_for

# Extra → the packages that show that it is installed, and what it adds.
EXTRAS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "report": (("nbclient", "altair", "jinja2"), "`portouts report`"),
    "pandas": (("pandas",), "`portouts.mart`"),
    "excel": (("xlsxwriter",), "`portouts export --format xlsx`"),
    "sandbox": (("starlette", "uvicorn"), "`portouts demo` and `portouts sandbox`"),
    "alerts": (("apprise",), "[alerts]"),
    "metrics": (("prometheus_client",), "[metrics] file"),
    "postgresql": (("adbc_driver_postgresql",), "[publish] targets at postgresql://"),
    "s3": (("s3fs",), "[publish] targets at s3://"),
}


def check_time_zones(now: datetime, version: str | None = None) -> Finding:
    """Judge the age of the time zone data; it is old half a year after the year of its release."""
    version = version or rules_version()
    year = int(version[:4])
    if now.year > year + 1 or (now.year == year + 1 and now.month > 6):
        return warning(
            "time zone data",
            f"tzdata {version} is old: later changes of clocks are missing, so days and office hours may be wrong",
            "Run `pip install --upgrade tzdata`.",
        )
    return ok("time zone data", f"tzdata {version}")


def check_network(base_url: str, environ: Mapping[str, str]) -> Finding:
    """Name the proxy and the certificates that the environment sets, without user and password."""
    parts = [_way(base_url, environ), *_certificates(base_url, environ)]
    if base_url.startswith("http:") and not is_loopback(base_url):
        return warning("network", f"{'; '.join(parts)}: the API key can be read on its way", "Use https://.")
    if environ.get("SSLKEYLOGFILE"):
        return warning(
            "network",
            f"{'; '.join(parts)}; SSLKEYLOGFILE records the keys of all connections",
            "With that file, others can decrypt the API key on the network. Unset it unless you are debugging.",
        )
    return ok("network", "; ".join(parts))


def _way(base_url: str, environ: Mapping[str, str]) -> str:
    if is_loopback(base_url):
        return "the API is on this machine, and no proxy is used"
    if proxy := proxy_for(base_url, environ):
        variable, address = proxy
        return f"by the proxy {address} ({variable})"
    return "no proxy"


def _certificates(base_url: str, environ: Mapping[str, str]) -> Iterator[str]:
    if not base_url.startswith("https"):
        yield "not encrypted"
        return
    named = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environ.get(name)), None)
    yield f"authorities of {named}={environ[named]}" if named else "authorities of the package certifi"


def check_extras(wanted: Collection[str] = ()) -> Finding:
    """List which optional parts are installed and which are not; warn if the settings need a missing one."""
    missing = [extra for extra, (packages, _) in EXTRAS.items() if not all(find_spec(name) for name in packages)]
    installed = ", ".join(extra for extra in EXTRAS if extra not in missing) or "none"
    if not missing:
        return ok("extras", f"{installed} are installed")
    absent = "; ".join(f"{extra} for {EXTRAS[extra][1]}" for extra in missing)
    found, advice = f"installed: {installed}; not installed: {absent}", install_command(*missing)
    if needed := [extra for extra in missing if extra in wanted]:
        return warning("extras", f"{found}; the settings need {', '.join(needed)}", f"Run `{advice}`.")
    return ok("extras", f"{found} ({advice})")
