"""CHG020 on letters that deceive and on those that only are foreign."""

import json

import pytest

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg020_honest_text import HonestText
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy

OVERRIDE, ZERO_WIDTH, JOINER = "\u202e", "\u200b", "\u200d"
CYRILLIC_A, CYRILLIC_O = "\u0430", "\u043e"


def judged(after: specimens.Files, before: specimens.Files | None = None) -> GateResult:
    return judge(HonestText(), Case(Policy(), change=specimens.change(before or {}, after)))


def notebook(line: str, kind: str = "code") -> str:
    return json.dumps({"cells": [{"cell_type": kind, "source": ["x = 1\n", line]}]}, indent=1)


@pytest.mark.parametrize(
    "path,text,outcome",
    [
        ("dags/a.py", f"x = 1  # {OVERRIDE}\n", "failed"),
        ("models/a.sql", f"select 1 -- {OVERRIDE}\n", "failed"),
        ("config.yml", f"role: admin{OVERRIDE}\n", "failed"),
        ("n.ipynb", notebook(f"y = '{OVERRIDE}'\n"), "failed"),
        ("dags/a.py", f"tot{CYRILLIC_A}l = 1\n", "failed"),
        ("models/a.yml", f"name: {CYRILLIC_O}rder_id\n", "failed"),
        ("dags/a.py", f"table = '{CYRILLIC_O}rders'\n", "needs_approval"),
        ("dags/a.py", f"table = 'orders{ZERO_WIDTH}'\n", "needs_approval"),
        ("dags/a.py", "\U0001d41e\U0001d431\U0001d41e\U0001d41c('x')\n", "failed"),
        ("models/a.sql", f"select 1 -- pasted{ZERO_WIDTH}\n", "warned"),
        ("dags/a.py", "x = 1\U000e0041\n", "failed"),
        ("README.md", f"text {OVERRIDE}\n", "warned"),
    ],
)
def test_letters_that_deceive(path: str, text: str, outcome: str) -> None:
    assert judged({path: text}).outcome == outcome


@pytest.mark.parametrize(
    "path,text",
    [
        ("dags/a.py", "msg = 'Загрузка завершена'  # готово\n"),
        ("dags/a.py", f"team = '\U0001f468{JOINER}\U0001f4bb'\n"),
        ("dags/a.py", "größe = 1\nμ = 2\nΔt = 3\nλ_max = 4\n"),
        ("dags/a.py", "\ufeffx = 'é'\n"),
        ("models/a.sql", "select '日本語' as label -- комментарий\n"),
        ("seeds/names.csv", f"id,name\n1,\u0645\u06cc{chr(0x200C)}\u062e\u0648\u0627\u0647\u0645\n"),
        ("n.ipynb", notebook(f"text {ZERO_WIDTH}", kind="markdown")),
        ("locale/ru.json", '{"a": "слово' + ZERO_WIDTH + '"}\n'),
    ],
)
def test_letters_that_are_only_foreign(path: str, text: str) -> None:
    assert judged({path: text}).outcome == "passed"


def test_only_added_lines_count() -> None:
    old = f"x = '{CYRILLIC_O}rders'\n"

    assert judged({"a.py": old + "y = 1\n"}, {"a.py": old}).outcome == "passed"


@pytest.mark.parametrize(
    "path,text,outcome",
    [
        ("a.py", "import base64\ncode = base64.b64decode('eA==')\nexec(code)\n", "failed"),
        ("a.py", "import base64\nkey = base64.b64decode(os.environ['K'])\nprint(key)\n", "passed"),
        ("a.py", "import json, base64\nx = json.loads(base64.b64decode(message))\n", "passed"),
        ("a.py", "x = 1;" + " " * 150 + "import os\n", "needs_approval"),
        ("a.py", "x = '" + "a" * 3000 + "'\n", "warned"),
        ("src/hook.pth", "import os\n", "needs_approval"),
        ("sitecustomize.py", "x = 1\n", "needs_approval"),
        ("data/load.lock", "import os\nos.listdir()\n", "needs_approval"),
        ("uv.lock", 'version = 1\n[[package]]\nname = "a"\n', "passed"),
        (".gitattributes", "*.lock linguist-generated\n*.svg -diff\n", "passed"),
    ],
)
def test_places_to_hide(path: str, text: str, outcome: str) -> None:
    assert judged({"dags/b.py": "x = 1\n", path: text}).outcome == outcome


@pytest.mark.parametrize(
    "path",
    [
        "venv/lib/python3.11/site-packages/helpers/__init__.py",
        "dbt_packages/dbt_utils/macros/star.sql",
        "vendor/client/load.py",
        "plugins/vendor/client.py",
        "dags/third_party/client.py",
    ],
)
def test_code_among_that_of_others_needs_a_person(path: str) -> None:
    result = judged({path: "x = 1\n"}, {path: "x = 0\n"})
    assert result.outcome == "needs_approval"
    assert path in result.findings[0].message


def test_a_folder_of_others_is_told_once() -> None:
    result = judged({f"vendor/client/{name}.py": "x = 1\n" for name in "abc"})
    assert [finding.message for finding in result.findings] == [
        "vendor/client/a.py and 2 more below vendor is code that counts as other people's, which no gate reads"
    ]


@pytest.mark.parametrize(
    "path", ["dags/vendor/invoices.py", "models/target/customers.sql", "vendor/LICENSE", "target/run/a.sql"]
)
def test_what_is_the_teams_own_or_never_runs_is_not_told(path: str) -> None:
    assert judged({path: "select 1\n"}).outcome == "passed"
