"""The quick test of a line lets no vendor's format through that detect-secrets knows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from detect_secrets.core.plugins.initialize import from_plugin_classname
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meta_pipeline.gates.secrets.shapes import DETECTORS, shaped_lines


@pytest.mark.parametrize("detector", DETECTORS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_vendor_format_is_marked(detector: str, data: st.DataObject) -> None:
    patterns: list[re.Pattern[str]] = list(from_plugin_classname(detector).denylist)
    for pattern in patterns:
        line = data.draw(st.from_regex(pattern)).replace("\n", " ")
        if re.search(pattern, line):
            assert list(shaped_lines(f"a = 1\n{line}", frozenset({2}))) == [(2, line)]


def test_a_harmless_change_loads_no_scanner() -> None:
    code = """
import sys
from meta_pipeline.gates import specimens
from meta_pipeline.gates.change import chg003_no_secret
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy
change = specimens.change({}, {"dags/sales.py": "retries = 3\\nschedule = '@daily'\\n", "m.sql": "select 1 as id\\n"})
assert judge(chg003_no_secret.NoSecret(), Case(Policy(), change=change)).outcome == "passed"
sys.exit("detect_secrets" in sys.modules)
"""
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=root, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
