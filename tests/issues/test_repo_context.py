import json
from typing import Any

import pytest

from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.issues.digestion import digest_issue
from meta_pipeline.issues.repo_context import audit_dependencies, read_context
from meta_pipeline.policy import Policy

CONTRACT = "kind: DataContract\nschema:\n  - name: orders\n    properties: [{name: id}, {name: total}]\n"
SUITE = json.dumps({"name": "orders", "expectations": [{"type": "x", "kwargs": {"column": "id"}}]})
DBT = (
    "version: 2\nmodels:\n  - name: stg_orders\n    columns: [{name: id}]\n"
    "sources: [{name: shop, tables: [{name: raw}]}]\n"
)


def context_of(files: dict[str, str], policy: Policy | None = None) -> RepoContext:
    return read_context(MemoryTree.of(files), "b" * 40, (), policy or Policy())


def test_datasets_come_from_contracts_suites_and_dbt() -> None:
    context = context_of(
        {
            "contracts/orders.odcs.yaml": CONTRACT,
            "gx/expectations/orders.json": SUITE,
            "gx/expectations/broken.json": "{",
            "bad.odcs.yaml": "a: [",
            "dbt/dbt_project.yml": "name: shop\n",
            "dbt/models/schema.yml": DBT,
            ".meta-pipeline/issues/0001-a.md": "",
        }
    )

    assert {d.name: (d.contract, d.columns) for d in context.datasets} == {
        "orders": ("contracts/orders.odcs.yaml", ("id", "total")),
        "stg_orders": ("dbt/models/schema.yml", ("id",)),
        "shop.raw": ("dbt/models/schema.yml", ()),
    }
    assert ".meta-pipeline/issues/0001-a.md" not in context.files


def test_the_policy_says_where_contracts_are() -> None:
    policy = Policy(contracts=("promises/*.yaml",))
    unnamed = CONTRACT.replace("kind: DataContract\n", "apiVersion: v3.0.2\n")

    assert context_of({"orders.yaml": unnamed}, policy).datasets == ()
    assert context_of({"promises/orders.yaml": CONTRACT}, policy).datasets[0].name == "orders"


@pytest.mark.parametrize(
    "path, text, kind, locked, packages",
    [
        (
            "requirements.txt",
            "a==1.0 \\\n  --hash=sha256:x\nb==2 ; python_version > '3'\n",
            "requirements",
            True,
            2,
        ),
        ("requirements.txt", "a==1.*\n# c\n-r other.txt\n", "requirements", False, 1),
        ("requirements-dev.txt", "a>=1\n", "requirements", False, 1),
        ("requirements.in", "a\nb\n", "pip-compile", False, 2),
        ("pyproject.toml", "[project]\ndependencies = ['a', 'b>1']\n", "pyproject", False, 2),
        ("pyproject.toml", "not toml", "pyproject", False, 0),
        ("poetry.lock", "[[package]]\nname = 'a'\n", "poetry-lock", True, 1),
        ("svc/uv.lock", "[[package]]\nname = 'a'\n", "uv-lock", True, 1),
        ("Pipfile.lock", '{"default": {"a": {}}, "develop": {}}', "pipfile-lock", True, 1),
        ("Dockerfile", "FROM python:3.11 AS base\nFROM base\n", "container", False, 1),
        ("Dockerfile", "FROM python@sha256:abc\n", "container", True, 1),
        ("environment.yml", "dependencies:\n  - python=3.11\n  - pip: [a]\n", "conda", False, 2),
        ("setup.py", "setup(install_requires=['a'])", "setup", False, 1),
    ],
)
def test_a_manifest_is_locked_when_it_names_exact_versions(
    path: str, text: str, kind: str, locked: bool, packages: int
) -> None:
    (manifest,) = context_of({path: text}).manifests

    assert (manifest.kind, manifest.locked, manifest.packages) == (kind, locked, packages)


def test_the_audit_names_what_no_lock_covers(policy: Policy, write_issue: Any) -> None:
    context = context_of(
        {
            "requirements.in": "a\n",
            "requirements.txt": "a==1\n",
            "job/pyproject.toml": "[project]\ndependencies = ['a']\n",
            "dev-requirements.in": "b\n",
        }
    )
    requirements = digest_issue(
        write_issue("- All tests pass", wish="Raise a in `requirements.in`."), context, policy
    )

    audit = audit_dependencies("sha256:0", requirements, context)

    assert audit.unlocked == ("dev-requirements.in", "job/pyproject.toml")
    assert "requirements.in: manifest and lock must change together" in audit.summary
