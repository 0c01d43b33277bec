"""Fail where a test was skipped because a system package is missing.

usage: check_skips.py REPORT, a JUnit XML report of pytest.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

MEND = "scripts/install-system-packages"  # tests/conftest.py names it in the reason of every such skip


def tests_without_their_package(report: Path) -> list[str]:
    """One line per test that was skipped for want of a system package: its name and the reason."""
    cases = ET.parse(report).iter("testcase")  # noqa: S314  pytest wrote it a moment ago
    return [
        f"{case.get('classname')}::{case.get('name')}: {skipped.get('message')}"
        for case in cases
        for skipped in case.iter("skipped")
        if MEND in skipped.get("message", "")
    ]


def main() -> int:
    found = tests_without_their_package(Path(sys.argv[1]))
    if found:
        print(f"{len(found)} tests did not run for want of a system package; run {MEND} as root:")
        print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
