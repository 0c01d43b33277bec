"""CHG014 on CI, containers and infrastructure as teams write them."""

import textwrap

import pytest

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg014_pipeline_security import PipelineSecurity
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy

PATH = ".github/workflows/ci.yml"
TAGGED = textwrap.dedent(
    """\
    name: ci
    on:
      pull_request:
    permissions:
      contents: read
    jobs:
      test:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - uses: example/setup@v1.2.0
          - run: pytest
    """
)
PINNED = TAGGED.replace("@v4", f"@{'a' * 40} # v4").replace("@v1.2.0", f"@{'b' * 40}")
COMPOSE = "services:\n  scheduler:\n    image: apache/airflow:2.10.5\n    user: airflow\n"
ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nrules:\n  - verbs: ['get']\n    resources: ['pods']\n"
GROUP = textwrap.dedent(
    """\
    resource "aws_security_group" "db" {
      ingress {
        from_port   = 5432
        cidr_blocks = ["10.0.0.0/8"]
      }
      egress {
        cidr_blocks = ["0.0.0.0/0"]
      }
    }
    """
)


def changed(files: specimens.Files, path: str, old: str, new: str) -> GateResult:
    text = files[path]
    assert isinstance(text, str)
    assert old in text
    after = {**files, path: text.replace(old, new)}
    return judge(PipelineSecurity(), Case(Policy(), change=specimens.change(files, after)))


@pytest.mark.parametrize(
    "text,old,new,outcome,line",
    [
        (TAGGED, "contents: read", "contents: write", "needs_approval", 5),
        (TAGGED, "permissions:\n  contents: read\n", "permissions: write-all\n", "needs_approval", 4),
        (TAGGED, "permissions:\n  contents: read\n", "", "needs_approval", 5),
        (
            TAGGED.replace("permissions:\n  contents: read\n", ""),
            "jobs:",
            "permissions:\n  contents: write\n  id-token: write\njobs:",
            "needs_approval",
            4,
        ),
        (TAGGED, "  test:\n", "  test:\n    permissions: {id-token: write}\n", "needs_approval", 8),
        (TAGGED, "@v1.2.0", "@main", "needs_approval", 11),
        (
            TAGGED,
            "      - run: pytest",
            "      - uses: other/x@main\n      - run: pytest",
            "needs_approval",
            12,
        ),
        (TAGGED, "      - run: pytest", "      - uses: other/x@v1\n      - run: pytest", "warned", 12),
        (PINNED, "b" * 40, "v2", "failed", 11),
        (PINNED, "      - run: pytest", "      - uses: other/x@v1\n      - run: pytest", "failed", 12),
        (TAGGED, "pytest", "echo ${{ github.event.pull_request.title }}", "failed", 12),
        (TAGGED, "runs-on: ubuntu-latest", "runs-on: [self-hosted, linux]", "needs_approval", 7),
        (
            TAGGED,
            "  pull_request:\n",
            "  pull_request_target:\n",
            "needs_approval",
            2,
        ),
    ],
)
def test_a_workflow_that_gains_rights_or_loses_pins(
    text: str, old: str, new: str, outcome: str, line: int
) -> None:
    result = changed({PATH: text}, PATH, old, new)

    assert result.outcome == outcome, result
    assert result.findings[0].line in (line, line + 1), result.findings


@pytest.mark.parametrize(
    "text,old,new",
    [
        (TAGGED, "@v4", "@v5"),
        (PINNED, "b" * 40, "c" * 40),
        (TAGGED, "contents: read", "contents: none"),
        (TAGGED, "permissions:\n  contents: read\n", "permissions: {}\n"),
        (TAGGED, "@v1.2.0", f"@{'d' * 40}"),
        (TAGGED, "pytest", "pytest --quiet # ${{ github.sha }}"),
        (
            TAGGED.replace("permissions:\n  contents: read\n", ""),
            "jobs:",
            "permissions:\n  contents: write\njobs:",
        ),
    ],
)
def test_a_workflow_that_stays_as_safe(text: str, old: str, new: str) -> None:
    assert changed({PATH: text}, PATH, old, new).outcome == "passed"


def test_the_head_of_a_pull_request_is_not_run_with_the_rights_of_the_repository() -> None:
    head = (
        "uses: actions/checkout@v4\n        with:\n          ref: ${{ github.event.pull_request.head.sha }}"
    )
    text = TAGGED.replace("  pull_request:\n", "  pull_request_target:\n")

    assert changed({PATH: text}, PATH, "uses: actions/checkout@v4", head).outcome == "failed"


@pytest.mark.parametrize(
    "path,text,old,new,outcome",
    [
        ("docker-compose.yml", COMPOSE, "2.10.5", "2.11.0", "passed"),
        ("docker-compose.yml", COMPOSE, ":2.10.5", ":latest", "needs_approval"),
        ("docker-compose.yml", COMPOSE, "user: airflow", "privileged: true", "needs_approval"),
        ("docker-compose.yml", COMPOSE, "user: airflow", 'user: "0:0"', "needs_approval"),
        (
            "docker-compose.yml",
            COMPOSE,
            "    user",
            "    volumes: [/var/run/docker.sock:/var/run/docker.sock]\n    user",
            "needs_approval",
        ),
        ("Dockerfile", f"FROM python@sha256:{'a' * 64}\n", f"@sha256:{'a' * 64}", ":3.12", "failed"),
        ("Dockerfile", "FROM python:3.11\nUSER etl\n", "USER etl\n", "", "needs_approval"),
        (
            "Dockerfile",
            "FROM python:3.11\nUSER etl\n",
            "USER etl\n",
            "USER root\nRUN x\nUSER etl\n",
            "passed",
        ),
        ("Dockerfile", "FROM python:3.11 AS a\nFROM a\n", "3.11", "3.12", "passed"),
        ("k8s/role.yaml", ROLE, "['get']", "['*']", "needs_approval"),
        ("infra/db.tf", GROUP, "10.0.0.0/8", "0.0.0.0/0", "needs_approval"),
        ("infra/db.tf", GROUP, "  egress {", "  egress {\n    description = 'out'", "passed"),
        ("infra/iam.tf", 'role = "roles/viewer"\n', "viewer", "owner", "needs_approval"),
        ("infra/iam.tf", 'role = "roles/viewer"\n', "viewer", "bigquery.dataViewer", "passed"),
        ("values.yaml", "schedule: '*'\nname: a\n", "name: a", "name: b", "passed"),
    ],
)
def test_containers_and_infrastructure(path: str, text: str, old: str, new: str, outcome: str) -> None:
    assert changed({path: text}, path, old, new).outcome == outcome


def test_a_moved_workflow_is_no_new_one() -> None:
    text = TAGGED.replace("permissions:\n  contents: read\n", "permissions: write-all\n")
    change = specimens.change({PATH: text}, {".github/workflows/tests.yml": text})

    assert judge(PipelineSecurity(), Case(Policy(), change=change)).outcome == "passed"
