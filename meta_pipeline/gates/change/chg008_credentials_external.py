"""CHG008: where and as whom a pipeline connects comes from the platform."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.tree import text_of
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.pipeline_code import PipelineCode, is_apart, newly_found
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.secrets.endpoints import Endpoint, endpoints, from_outside
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_SUFFIXES = (
    ".py",
    ".yml",
    ".yaml",
    ".toml",
    ".ini",
    ".cfg",
    ".conf",
    ".json",
    ".properties",
    ".env",
    ".tf",
    ".sh",
)
_OF_DEVELOPMENT = re.compile(
    r"(?:^|/)(?:(?:docker-)?compose[^/]*|\.?devcontainer|docker|Dockerfile[^/]*|local|dev|ci|\.circleci|\.gitlab-ci[^/]*"
    r"|[^/]*\.(?:example|sample|template|dist|local|test)|[^/]*[._-](?:local|example|sample|test)\.[^/]+)(?:/|\Z)",
    re.IGNORECASE,
)
_LARGEST = 500_000


class CredentialsExternal(Gate):
    """Hosts, accounts and passwords of services come from connections, resources, blocks or the environment.

    A literal endpoint ties the pipeline to one environment: a test run then writes to production, and a moved
    database needs a release. A password among it is refused, and so is one that came from outside before. A host that
    the repository already names elsewhere only warns. Local machines, services of a compose file, example names,
    public web addresses, buckets, tests and documents are free.
    """

    id: ClassVar[str] = "CHG008"
    name: ClassVar[str] = "credentials-external"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = ("connection-literal",)

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        return weigh(
            self, _found(case.change), "no new endpoint, account or password is written into the code"
        )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        # Put together, so that no scanner of this repository reports the example.
        halves = ("p7Qz1vKx", "93LwbTe4")
        password = "".join(halves)
        hook = "from airflow.providers.postgres.hooks.postgres import PostgresHook\n"
        return (
            Example(
                "a hook with a connection", _case({}, f"{hook}h = PostgresHook('warehouse')\n"), "passed"
            ),
            Example(
                "a database on one's own machine",
                _case({}, "engine = create_engine('postgresql://etl@localhost:5432/sales')\n"),
                "passed",
            ),
            Example(
                "a public interface",
                _case({}, "URL = 'https://api.example-weather.org/v1/forecast'\n"),
                "passed",
            ),
            Example(
                "an engine with host and password in its URL",
                _case({}, f"engine = create_engine('postgresql://etl:{password}@db.sales-corp.net/sales')\n"),
                "failed",
                "password for db.sales-corp.net",
            ),
            Example(
                "the host of production in the place of a setting",
                _case(
                    "import os, psycopg2\nc = psycopg2.connect(host=os.environ['DB_HOST'])\n",
                    "import os, psycopg2\nc = psycopg2.connect(host='prod-db.internal')\n",
                ),
                "needs_approval",
                "came from outside before",
            ),
            Example(
                "a password of a dbt profile is written out",
                Case(
                    Policy(),
                    change=specimens.change(
                        {"profiles.yml": "    password: \"{{ env_var('DBT_PASSWORD') }}\"\n"},
                        {"profiles.yml": f"    password: {password}\n"},
                    ),
                ),
                "failed",
                "password of a dbt profile",
            ),
        )


def _case(before: str | specimens.Files, after: str) -> Case:
    base = {specimens.DAG_FILE: before} if isinstance(before, str) else before
    return Case(Policy(), change=specimens.change(base, {specimens.DAG_FILE: after}))


def _found(change: Change) -> Iterator[Weighed]:
    code = PipelineCode(change)
    outside = {
        file.path: from_outside(file.path, file.old.decode("utf-8", errors="replace"))
        for file in change.files
        if file.old is not None and file.new is not None and _is_looked_at(file.path)
    }
    for path, one in newly_found(change, _SUFFIXES, _endpoints_of):
        found = replace(one, is_replaced=one.place in outside.get(path, frozenset()))
        is_pipeline = (
            path.endswith(".py") and code.scheduler(path, text_of(change.head, path) or "") is not None
        )
        strength = _strength(change, found, is_pipeline=is_pipeline)
        if strength is not None:
            yield weighed(strength, _message(found), _fix(found), path=path, line=found.line)


def _is_looked_at(path: str) -> bool:
    return path.endswith(_SUFFIXES) and not is_apart(path) and not _OF_DEVELOPMENT.search(path)


def _endpoints_of(path: str, text: str) -> tuple[Endpoint, ...]:
    return endpoints(path, text) if _is_looked_at(path) and len(text) < _LARGEST else ()


def _strength(change: Change, found: Endpoint, *, is_pipeline: bool) -> Strength | None:
    """None where the literal is in order: settings may name hosts, and a web address may be public."""
    if found.sort == "credential":
        return "failed"
    if found.is_replaced:
        return "needs_approval"
    if found.sort == "identity" or found.is_plain_web:
        return "warned"
    if not is_pipeline:
        return None
    return "warned" if found.host and _is_named_at_base(change, found.host) else "needs_approval"


def _is_named_at_base(change: Change, host: str) -> bool:
    wanted = host.encode()
    return any(
        wanted in (change.base.read(path) or b"")
        for path in change.base.entries()
        if path.endswith(_SUFFIXES)
    )


def _message(found: Endpoint) -> str:
    if found.sort == "credential":
        return f"{found.what} stands in clear; it reaches the service from every copy of the repository"
    before = ", where it came from outside before" if found.is_replaced else ""
    return f"{found.what}{before}: the code can only run in that one environment"


def _fix(found: Endpoint) -> str:
    where = "a connection of Airflow, a resource of Dagster, a block of Prefect, or the environment"
    if found.sort == "credential":
        return f"revoke the password, and read its successor from {where}"
    return f"read it from {where}"
