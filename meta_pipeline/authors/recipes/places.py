"""Where to write a value so that it reaches no more than it must."""

from collections.abc import Sequence

import libcst as cst

from meta_pipeline.authors.recipes.airflow_source import AirflowSource
from meta_pipeline.authors.recipes.values import Env, origin


def narrowest(
    dags: AirflowSource, value: cst.BaseExpression, env: Env, runs: Sequence[Env]
) -> cst.BaseExpression:
    """The literal behind `value` where it belongs to this run alone or is read nowhere else; else `value` itself."""
    written = origin(value, env)
    if written is None or written is value:
        return value
    others = [origin(value, run) for run in runs]
    if len(runs) > 1 and sum(other is written for other in others) == 1:
        return written
    if isinstance(value, cst.Name):
        reads = [name for name in dags.source.all(cst.Name) if name.value == value.value]
        if len(runs) == 1 and len(reads) == 2:  # the assignment and this use
            return written
    return value
