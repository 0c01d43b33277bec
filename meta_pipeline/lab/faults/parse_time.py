"""Work done when a pipeline's file is read, not when it runs."""

import random
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import is_pipeline_file, pipeline_calls, task_functions
from meta_pipeline.lab.python_source import python_of


class TopLevelWork(Mutator):
    """A module asks a service, a database or a bucket store at its top level.

    A scheduler reads the module over and over: it asks each time, and when there is no answer no pipeline loads.
    """

    id = "top-level-io"
    seen_by = "run"
    schedulers: ClassVar = frozenset({"airflow", "dagster"})
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or not is_pipeline_file(source, base.scheduler):
            return
        defines = any(True for _ in pipeline_calls(source, base.scheduler)) or task_functions(source)
        if not defines:
            return
        at = source.after_imports()
        ways = [
            (
                "import requests",
                'RATES = requests.get("https://api.example.com/v1/rates", timeout=10).json()',
                "a service",
            ),
            (
                "import pandas as pd",
                'STORES = pd.read_sql("SELECT id FROM stores", "postgresql://warehouse.internal/prod")',
                "a database",
            ),
            ("import boto3", 'BUCKETS = boto3.client("s3").list_buckets()["Buckets"]', "a bucket store"),
        ]
        if base.scheduler == "airflow":
            ways.append(
                (
                    "from airflow.models import Variable",
                    'CONFIG = Variable.get("pipeline_config")',
                    "Airflow's database",
                )
            )
            ways.append(
                (
                    "from airflow.providers.postgres.hooks.postgres import PostgresHook",
                    'TABLES = PostgresHook("warehouse").get_records("SELECT name FROM tables")',
                    "a database",
                )
            )
        for imports, statement, what in ways:
            name = statement.split(" ")[0]
            if name in source.bound:
                continue
            edit = Edit(at, at, f"{imports}\n\n{statement}\n")
            yield Change(source.text, [edit]).fault(f"asks {what} whenever the file is read")
