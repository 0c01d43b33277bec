"""The command as its user runs it: a process of its own, its exit status, and what it says."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from scripts.generate_docs import DOCS
from tests.conftest import ROOT

DAG = """\
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("daily", schedule="0 5 * * *", default_args={"retries": 1}):
    BashOperator(task_id="load", bash_command="true")
"""
POLICY = "version: 1\ntarget: shop\nscheduler:\n  kind: airflow\n  paths: [dags]\n"
ISSUE = """\
---
title: Retry the load
requester: shop-data
---

### What should change

The load of `daily` fails on short outages.

### Acceptance criteria

- Retries of `daily.load` are at least 3
"""
SHOP: dict[str, str | bytes] = {"dags/daily.py": DAG, ".meta-pipeline.yaml": POLICY}


@dataclass(frozen=True)
class Said:
    """How a command ended. `text` is standard error, where errors and progress go."""

    exit: int
    stdout: str
    text: str

    def document(self, schema: str) -> dict[str, Any]:
        """The one JSON document on standard output, which must be as `docs/schemas/<schema>.json` says."""
        found = json.loads(self.stdout)
        published = json.loads((DOCS / "schemas" / f"{schema}.json").read_text())
        jsonschema.validate(found, published)
        assert isinstance(found, dict)
        assert found["schema_version"] == 1
        return found


@dataclass(frozen=True)
class Shell:
    """Runs commands in `folder` with the state folder `home`."""

    folder: Path
    home: Path

    def run(self, *arguments: str | Path, **variables: str) -> Said:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "META_PIPELINE_HOME": str(self.home),
            "COLUMNS": "200",
            **variables,
        }
        done = subprocess.run(
            [sys.executable, "-m", "meta_pipeline", *map(str, arguments)],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def refused(self, status: int, *arguments: str | Path, **variables: str) -> str:
        """The one sentence with which a command refuses, said the same to people and to scripts."""
        said = self.run(*arguments, "--json", **variables)
        error = said.document("error")["error"]
        assert isinstance(error, str)
        assert said.exit == status, said.text
        assert "Traceback" not in said.text
        assert said.text.splitlines()[-1] == f"error: {error}"
        return error
