"""CHG003 on one sample of each kind; the samples are what decision 0023 was measured with."""

import pytest

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg003_no_secret import NoSecret
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy
from tests.gates.secrets import corpus
from tests.gates.secrets.made_values import Samples, notebook

PLANTED, HARMLESS = corpus.tuned()
HELD_BACK = corpus.held_back()
BEYOND = {"comment"}  # a sentence that names a password, which reads like any other sentence
HALVES = ("q8ZrT2mW", "x5Jd9LbK")
VALUE = "".join(HALVES)


def looked_at(before: specimens.Files, after: specimens.Files) -> GateResult:
    return judge(NoSecret(), Case(Policy(), change=specimens.change(before, after)))


@pytest.fixture(scope="module")
def planted_paths() -> set[str | None]:
    files = {f"{number}/{path}": text for number, (path, text) in enumerate(PLANTED.values())}
    return {finding.path for finding in looked_at({}, files).findings}


@pytest.fixture(scope="module")
def harmless_paths() -> set[str | None]:
    files = {f"{number}/{path}": text for number, (path, text) in enumerate(HARMLESS.values())}
    return {finding.path for finding in looked_at({}, files).findings}


@pytest.mark.parametrize("number,kind", list(enumerate(PLANTED)), ids=list(PLANTED))
def test_a_planted_credential_is_found(number: int, kind: str, planted_paths: set[str | None]) -> None:
    assert (f"{number}/{PLANTED[kind][0]}" in planted_paths) is (kind not in BEYOND)


@pytest.mark.parametrize("number,kind", list(enumerate(HARMLESS)), ids=list(HARMLESS))
def test_a_harmless_line_raises_no_alarm(number: int, kind: str, harmless_paths: set[str | None]) -> None:
    assert f"{number}/{HARMLESS[kind][0]}" not in harmless_paths


def failing(samples: Samples) -> int:
    """How many of the samples the gate refuses, each alone."""
    return sum(looked_at({}, {path: text}).outcome == "failed" for path, text in samples.values())


def test_on_samples_that_nothing_was_tuned_on_it_is_no_worse_than_it_was_measured() -> None:
    planted, harmless = HELD_BACK

    assert failing(planted) >= 49
    assert failing(harmless) <= 1


def test_a_renamed_file_brings_nothing_new_and_a_credential_in_another_file_does() -> None:
    lines = "\n".join(f"setting_{n} = {n}" for n in range(9))
    held = f"{lines}\nwarehouse_password = '{VALUE}'\n"

    assert looked_at({"a/db.py": held}, {"b/conn.py": f"{held}extra = 1\n"}).outcome == "passed"
    moved = looked_at(
        {"a.py": held, "b.py": "x = 1\n"}, {"a.py": lines, "b.py": f"x = 1\npassword = '{VALUE}'\n"}
    )
    assert [(finding.path, finding.line) for finding in moved.findings] == [("b.py", 2)]


def test_a_notebook_is_read_in_its_sources_and_outputs_with_the_lines_of_the_file() -> None:
    written = notebook(f"import os\npassword = '{VALUE}'\n", f"postgresql://etl:{VALUE}@db.internal/sales")

    found = looked_at({}, {"a.ipynb": written}).findings

    lines = written.split("\n")
    assert [finding.line for finding in found] == [
        n for n, line in enumerate(lines, start=1) if VALUE in line
    ]


@pytest.mark.parametrize(
    "path,text,outcome",
    [
        ("tests/test_db.py", "connect(password='test_password')", "passed"),
        ("tests/test_db.py", "connect(password='s3same')", "warned"),
        ("tests/test_db.py", f"connect(password='{VALUE}')", "failed"),
        ("sales/db.py", "connect(password='s3same')", "failed"),
        (".env", "DB_PASSWORD=sesame", "failed"),
        (".env.example", "DB_PASSWORD=sesame", "passed"),
        ("keys/a.jks", "x", "failed"),
        ("keys/README.md", "-----BEGIN " + "PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", "passed"),
    ],
)
def test_tests_environments_and_stores_of_keys(path: str, text: str, outcome: str) -> None:
    assert looked_at({}, {path: f"{text}\n"}).outcome == outcome


def test_a_file_of_a_megabyte_takes_no_more_than_seconds() -> None:
    lock = "".join(f'    {{ file = "a-{n}.whl", hash = "sha256:{"ab" * 32}" }},\n' for n in range(10_000))

    assert looked_at({}, {"uv.lock": lock}).seconds < 5


@pytest.mark.parametrize(
    "comment", ["# pragma: allowlist secret", "# nosec", "# gitleaks:allow", "# noqa: S105"]
)
def test_a_comment_in_the_patch_silences_nothing(comment: str) -> None:
    result = looked_at({}, {"sales/db.py": f"password = '{VALUE}'  {comment}\n"})

    assert result.outcome == "failed"


@pytest.mark.parametrize(
    "path", ["package-lock.json", "Makefile", "node_modules/x.js", "a.css", "tests/example.py", "LICENSE"]
)
def test_no_kind_of_file_is_left_out(path: str) -> None:
    assert looked_at({}, {path: f"password = '{VALUE}'\n"}).outcome == "failed"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_text_that_git_takes_for_binary_is_read(encoding: str) -> None:
    result = looked_at({}, {".env": f"DB_PASSWORD={VALUE}\r\n".encode(encoding)})

    assert [(finding.path, finding.line) for finding in result.findings] == [(".env", None)]


def test_text_inside_a_binary_file_is_read() -> None:
    data = b"\x00\x01\x02PK\x03" + f"password = '{VALUE}'".encode() + b"\x00\xff\xfe\x01"

    assert looked_at({}, {"dump.bin": data}).outcome == "failed"
    assert looked_at({"dump.bin": data}, {"dump.bin": data + b"\x00more"}).outcome == "passed"


def test_a_carriage_return_inside_a_line_ends_no_line() -> None:
    result = looked_at({}, {"db.py": f"a = 1\rb = 2\rpassword = '{VALUE}'\n"})

    assert [finding.line for finding in result.findings] == [1]


def test_only_added_lines_count_and_the_line_is_the_one_in_the_new_file() -> None:
    old = f"import os\npassword = '{VALUE}'\n"
    other = VALUE[::-1]

    assert looked_at({"db.py": old}, {"db.py": "import os\nimport re\n" + old}).outcome == "passed"
    result = looked_at({"db.py": old}, {"db.py": old + f"token = '{other}'\n"})
    assert [finding.line for finding in result.findings] == [3]


def test_a_finding_never_shows_the_value(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    result = looked_at(
        {}, {"db.py": f"password = '{VALUE}'\n", "x.bin": b"\0" + f"password = '{VALUE}'\n".encode()}
    )

    output = capfd.readouterr()
    shown = result.model_dump_json() + output.out + output.err + caplog.text
    assert result.outcome == "failed"
    for piece in (VALUE, VALUE[:6], VALUE[-6:]):
        assert piece not in shown
