"""Pipelines that are gone: DAGs, assets, flows and models whose file is deleted."""

import posixpath
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place
from meta_pipeline.lab.pipeline_source import decorated_by, is_pipeline_file, pipeline_calls
from meta_pipeline.lab.python_source import (
    PythonSource,
    python_of,
)
from meta_pipeline.lab.repository import ANY, mentions
from meta_pipeline.lab.sql_source import is_dbt_model

# Nobody misses a model that is not built.
_DISABLED = re.compile(r"\benabled\s*=\s*false", re.IGNORECASE)


class PipelineDeleted(Mutator):
    """A file that defines a DAG, an asset, a flow or a model is deleted.

    What it made is no longer made, and the history of its runs leaves the user interface.
    """

    id = "pipeline-deleted"
    seen_by = "load"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        defines = is_dbt_model(base) or (source is not None and _defines(source, base))
        text = Text.of(base)
        if not defines or text is None or not text.value.strip() or _DISABLED.search(text.value):
            return
        places = (Place(base.path, 1, text.count, "base"), *_users(base))
        yield Mutation({base.path: None}, places, f"deletes {base.path}")


def _defines(source: PythonSource, base: Base) -> bool:
    if not is_pipeline_file(source, base.scheduler):
        return False
    if base.scheduler == "airflow":
        return any(kind == "pipeline" for _, kind in pipeline_calls(source, "airflow"))
    names = {"dagster": ("dagster:asset", "dagster:job", "dagster:multi_asset"), "prefect": ("prefect:flow",)}
    return any(decorated_by(source, *names.get(base.scheduler, ())))


def _users(base: Base) -> list[Place]:
    """Where other files name the deleted one."""
    stem = posixpath.splitext(posixpath.basename(base.path))[0]
    ends = (".sql", ".yml", ".yaml") if base.path.endswith(".sql") else (".py", ".yml", ".yaml")
    return [Place(path, line, line) for path, line in mentions(base, stem, ends=ends)[:20]]
