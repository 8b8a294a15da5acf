"""Count and print the skipped tests; fail if the tests on PostgreSQL were skipped, or those of an installed browser.

python tools/count_skips.py tests.xml
"""

from __future__ import annotations

import shutil
import sys
from xml.etree import ElementTree

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

cases = ElementTree.parse(sys.argv[1]).iter("testcase")  # noqa: S314  # written by pytest just before
found = [
    (case.get("name"), skip.get("type"), skip.get("message") or "") for case in cases for skip in case.iter("skipped")
]
skips = [(name, reason) for name, kind, reason in found if kind != "pytest.xfail"]
print(f"skipped tests: {len(skips)}; tests expected to fail: {len(found) - len(skips)}")
for name, _, reason in found:
    print(f"  {name}: {reason}")
if any(map(shutil.which, BROWSERS)) and any("browser" in reason for _, reason in skips):
    sys.exit("a browser is installed, and tests that need one were skipped: see above")
if any("Spark" in reason for _, reason in skips):
    print(
        "NOT TESTED: the models were not run on Spark, see above: apt-get install default-jre-headless, and pip "
        "install -r requirements-spark.lock"
    )
if any("PostgreSQL" in reason for _, reason in skips):
    sys.exit("the models were not run on PostgreSQL, see above: apt-get install postgresql")
