"""Compare the locked packages with published advisories; fail if one of them has a known vulnerability.

    python tools/audit.py requirements.lock [--osv-url URL]

pip-audit asks PyPI, or else OSV. That a source cannot be reached is no failure. The surprise: a mirror of PyPI may
answer and know no advisories, and pip-audit then finds nothing wrong. So each source is first asked about an old
release that has known vulnerabilities.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

VULNERABLE = "jinja2==2.4.1"
SECONDS = 600


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare locked packages with published advisories.")
    parser.add_argument("lock", type=Path)
    parser.add_argument("--osv-url", help="ask only this service, which must have the API of OSV")
    options = parser.parse_args()
    for source in sources(options.osv_url):
        if knows_advisories(source) and (packages := audit(options.lock, source)) is not None:
            sys.exit(judged(packages, source[1]))
    print("audit: not run: no source of advisories can be reached")


def sources(osv_url: str | None) -> list[list[str]]:
    """List the sources of advisories, as options of pip-audit."""
    osv = ["--vulnerability-service", "osv"]
    return [[*osv, "--osv-url", osv_url]] if osv_url else [["--vulnerability-service", "pypi"], osv]


def knows_advisories(source: list[str]) -> bool:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(VULNERABLE)
        requirements.flush()
        packages = audit(Path(requirements.name), [*source, "--no-deps"])
    return any(package.get("vulns") for package in packages or [])


def audit(requirements: Path, options: list[str]) -> list[dict[str, Any]] | None:
    """Return pip-audit's result for each package; None if it could reach no source."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(requirements), "--disable-pip", "--format", "json"]
    try:
        ended = subprocess.run(
            [*command, "--progress-spinner", "off", *options],
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        packages: list[dict[str, Any]] = json.loads(ended.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return packages


def judged(packages: list[dict[str, Any]], source: str) -> int:
    """Print what was found; return the exit code."""
    skipped = [package["name"] for package in packages if "vulns" not in package]
    found = [(package, vulnerability) for package in packages for vulnerability in package.get("vulns", [])]
    print(f"audit: {len(packages) - len(skipped)} packages compared with the advisories of {source}")
    if skipped:
        print(f"audit: not compared, because {source} does not know them: {', '.join(skipped)}")
    for package, vulnerability in found:
        fixed = ", ".join(vulnerability["fix_versions"]) or "no release"
        print(f"audit: {package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}")
    return 1 if found else 0


if __name__ == "__main__":
    main()
