"""The marks let no line through that a scanner would have something to say about."""

import io
import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
from credsweeper import CredSweeper, FilesProvider
from detect_secrets.core.plugins.initialize import from_plugin_classname
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg003_no_secret import NoSecret
from meta_pipeline.gates.gate import judge
from meta_pipeline.gates.secrets.credential_marks import shaped_lines, worth_weighing
from meta_pipeline.gates.secrets.leaks import _SHAPES
from meta_pipeline.policy import Policy
from tests.gates.secrets import secret_samples

KEYWORDS = ("api", "auth", "credential", "key", "nonce", "password", "pw", "salt", "secret", "token")
HALVES = ("q8ZrT2mW", "x5Jd9LbK")
VALUE = "".join(HALVES)
FORMS = (
    "{name}='{value}'",
    '"{name}": "{value}",',
    "my_{name}_value = {value}",
    "  {name}: {value}  # why",
    "{name} := '{value}'",
    "{name} => '{value}'",
    "#define {name} {value}",
    'define("{name}", "{value}")',
    'set({name} "{value}")',
    "%global {name} {value}",
    "{name}%3d{value}",
    "{name}\\u003d{value}",
    "{name} <<< {value}",
    "{name} !== '{value}'",
    "?{name}={value}&other=1",
    "&quot;{name}&quot;: &quot;{value}&quot;",
    "os.environ.get('{name}', '{value}')",
    "export {name}={value}",
    "curl -u me:{value} https://host.example.com  {name}=1",
    "{name} = getenv(\"{name}\") or '{value}'",
)


def swept(files: dict[str, bytes]) -> list[tuple[str, int]]:
    """File and line of each candidate that CredSweeper has before its model speaks."""
    sweeper = CredSweeper(pedantic=True, ml_threshold=0)
    sweeper.run(FilesProvider([(Path(path), io.BytesIO(data)) for path, data in files.items()]))
    found = sweeper.credential_manager.get_credentials()
    return [(str(line.path), line.line_num) for each in found for line in each.line_data_list]


def test_every_form_of_an_assignment_that_the_scanner_knows_is_marked() -> None:
    forms = itertools.product(KEYWORDS, FORMS)
    lines = [form.format(name=name, value=VALUE) for name, form in forms]
    files = {f"{number}.py": f"import os\n{line}\n".encode() for number, line in enumerate(lines)}

    found = swept(files)

    assert len({path for path, _ in found}) > len(lines) / 2
    assert [files[path] for path, line in found if not worth_weighing(path, files[path], {line})] == []


def test_every_sample_that_the_scanner_finds_is_marked_on_its_own_line() -> None:
    samples = {**secret_samples.planted(), **secret_samples.harmless()}
    files = {f"{number}/{path}": text.encode() for number, (path, text) in enumerate(samples.values())}

    found = swept(files)

    assert len(found) > 20
    assert [place for place in found if not worth_weighing(place[0], files[place[0]], {place[1]})] == []


@pytest.mark.parametrize("detector", _SHAPES)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_vendor_format_is_marked(detector: str, data: st.DataObject) -> None:
    patterns: list[re.Pattern[str]] = list(from_plugin_classname(detector).denylist)
    for pattern in patterns:
        line = data.draw(st.from_regex(pattern)).replace("\n", " ")
        if re.search(pattern, line):
            assert list(shaped_lines(f"a = 1\n{line}", {2})) == [(2, line)]


def test_what_is_no_plain_text_is_always_weighed() -> None:
    for path, data in (
        ("settings.xml", b"<a>1</a>\n"),
        ("latin.py", "é = 1\n".encode("latin-1")),
        ("long.json", b"[" + b"1," * 5000 + b"]\n"),
    ):
        assert worth_weighing(path, data, {1})


def test_a_key_that_begins_before_the_added_lines_is_weighed() -> None:
    key = "-----BEGIN " + "PRIVATE KEY-----"
    assert worth_weighing("id", f"{key}\nMIIabc\n".encode(), {2})


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
sys.exit(" ".join({"credsweeper", "detect_secrets", "onnxruntime", "pandas", "numpy"} & set(sys.modules)) or 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_a_line_that_only_looks_like_a_credential_still_passes() -> None:
    change = specimens.change({}, {"models/orders.sql": "{{ config(unique_key='order_id') }}\nselect 1\n"})

    assert judge(NoSecret(), Case(Policy(), change=change)).outcome == "passed"
