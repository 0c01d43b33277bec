"""New pipelines, done as the file beside them is done: owner, retries, tags and schedule by the same conventions."""

import ast
import posixpath
import random
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import (
    decorated_by,
    default_args,
    is_pipeline_file,
    pipeline_calls,
    settings,
)
from meta_pipeline.lab.python_source import Decorated, PythonSource, keyword_of, python_of, text_value
from meta_pipeline.lab.repository import ANY
from meta_pipeline.lab.sql_source import is_built, is_dbt_model
from meta_pipeline.lab.yaml_source import parsed_yaml

# What a new asset or flow takes over from its sibling: conventions, not its place in the graph.
_CONVENTIONS = frozenset(
    {
        "group_name",
        "owners",
        "tags",
        "kinds",
        "compute_kind",
        "retry_policy",
        "retries",
        "retry_delay_seconds",
        "timeout_seconds",
        "on_failure",
        "on_crashed",
        "log_prints",
        "key_prefix",
        "backfill_policy",
        "partitions_def",
    }
)
_PER_TASK = (
    "retries",
    "retry_delay",
    "execution_timeout",
    "owner",
    "on_failure_callback",
    "email",
    "email_on_failure",
)


class NewPipeline(Mutator):
    """A new DAG, asset, flow or model that follows the conventions of the one beside it."""

    id = "new-pipeline"
    schedulers = ANY
    is_harmful = False
    names: ClassVar = ("row_report", "weekly_overview", "freshness_report")

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if is_dbt_model(base) and is_built(base):
            yield from self._model(base, dice)
        source = python_of(base)
        if source is None or not is_pipeline_file(source, base.scheduler):
            return
        if base.scheduler == "airflow":
            yield from self._dag(source, base, dice)
        elif base.scheduler == "dagster":
            found = [
                asset for asset in decorated_by(source, "dagster:asset") if asset.name.endswith(".asset")
            ]
            yield from self._function(source, found, "asset", dice)
        elif base.scheduler == "prefect":
            yield from self._function(source, list(decorated_by(source, "prefect:flow")), "flow", dice)

    def _function(
        self, source: PythonSource, found: list[Decorated], kind: str, dice: random.Random
    ) -> Iterator[Mutation]:
        plain = [
            each
            for each in found
            if source.function_of(each.function) is None
            and len(each.function.decorator_list) == 1
            and isinstance(source.parents.get(each.function), ast.Module)
        ]
        for each in plain[:3]:
            name = f"{each.function.name}_{dice.choice(self.names)}"
            start = source.span(
                each.decorator.func if isinstance(each.decorator, ast.Call) else each.decorator
            )
            kept = [
                source.source(keyword)
                for keyword in (each.call.keywords if each.call else [])
                if keyword.arg in _CONVENTIONS
            ]
            if kind == "asset":
                named = each.call and any(keyword_of(each.call, key) for key in ("name", "key", "key_prefix"))
                kept += [] if named else [f"deps=[{each.function.name}]"]
                kept.append('description="How many rows there are."')
                body = f'def {name}() -> None:\n    print("{name}")\n'
            else:
                kept.append(f'name="{name.replace("_", "-")}"')
                body = f'def {name}() -> None:\n    """How many rows there are."""\n    print("{name}")\n'
            decorator = f"@{source.text.value[slice(*start)]}({', '.join(kept)})\n"
            at = source.statement(each.function)[1]
            lead = "\n\n" if source.text.value[:at].endswith("\n") else "\n\n\n"
            if name not in source.bound and "\n" not in decorator[:-1]:
                yield Change(source.text, [Edit(at, at, lead + decorator + body)]).twin(
                    f"adds the {kind} `{name}`"
                )

    def _dag(self, source: PythonSource, base: Base, dice: random.Random) -> Iterator[Mutation]:
        for block in source.tree.body:
            call = block.items[0].context_expr if isinstance(block, ast.With) else None
            is_dag = isinstance(call, ast.Call) and any(
                call is found and kind == "pipeline" for found, kind in pipeline_calls(source, "airflow")
            )
            if not isinstance(call, ast.Call) or not is_dag:
                continue
            named = keyword_of(call, "dag_id")
            value = named.value if named else call.args[0] if call.args else None
            own = text_value(value)
            if value is None or own is None or keyword_of(call, "template_searchpath"):
                continue
            new = f"{own}_{dice.choice(self.names)}"
            path = posixpath.join(posixpath.dirname(base.path), f"{new}.py")
            text = _dag_file(source, call, value, new)
            if text is not None and path not in base.tree.entries():
                yield Mutation({path: text.encode()}, (), f"adds the DAG `{new}`")
            return

    def _model(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        folder, file = posixpath.split(base.path)
        stem = file[:-4]
        new = f"{stem}_{dice.choice(self.names)}"
        path = posixpath.join(folder, f"{new}.sql")
        if path in base.tree.entries():
            return
        content = f"select count(*) as row_count\nfrom {{{{ ref('{stem}') }}}}\n"
        files: dict[str, bytes | None] = {path: content.encode()}
        for other in sorted(base.tree.entries()):
            if posixpath.dirname(other) != folder or not other.endswith((".yml", ".yaml")):
                continue
            text = Text.of(base, other)
            document = None if text is None else parsed_yaml(other, text.value)
            for item in document.items() if document else ():
                if item.path != ("models",) or document is None:
                    continue
                keys = {
                    getattr(key, "value", "") for pair in getattr(item.value, "value", []) for key in pair[:1]
                }
                if _name_of(item.value) != stem or keys & {
                    "meta",
                    "config",
                    "access",
                    "group",
                    "tags",
                    "contract",
                }:
                    continue
                at = document.text.end_of_line(item.span[1] - 1)
                indent = document.text.indent(item.span[0])
                lines = (
                    f"{indent}- name: {new}\n{indent}  description: How many rows there are.\n{indent}  columns:\n"
                    f"{indent}    - name: row_count\n{indent}      description: The number.\n"
                )
                lead = "" if document.text.value[:at].endswith("\n") else "\n"
                files[other] = document.text.edited([Edit(at, at, lead + lines)]).encode()
                yield Mutation(files, (), f"adds the model {new} with its description")
                return


def _name_of(node: object) -> str:
    pairs = getattr(node, "value", [])
    return next((str(value.value) for key, value in pairs if key.value == "name"), "")


def _dag_file(source: PythonSource, call: ast.Call, name: ast.expr, new: str) -> str | None:
    """A file with one DAG that is called as its sibling is, and one task; None where the call needs too much else."""
    own = [
        keyword
        for keyword in call.keywords
        if keyword.arg not in {"doc_md", "description", "params", "user_defined_macros"}
    ]
    defaults = [
        node
        for node in default_args(source)
        if isinstance(source.parents.get(node), ast.Assign | ast.AnnAssign)
    ]
    used = {node.id for keyword in own for node in ast.walk(keyword) if isinstance(node, ast.Name)}
    used |= {node.id for node in ast.walk(call.func) if isinstance(node, ast.Name)}
    copied: list[str] = []
    pending = set(used)
    for statement in reversed(source.tree.body):
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        bound = {target.id for target in targets if isinstance(target, ast.Name)}
        if bound & pending and statement.lineno < call.lineno:
            copied.insert(0, source.source(statement))
            pending |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)} - bound
            pending -= bound
    imports = []
    for statement in source.tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            names = {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
            if names & pending:
                imports.append(_only(source, statement, pending))
                pending -= names
    if pending or any(keyword.arg is None for keyword in own) or len(defaults) > 1:
        return None
    is_new = any(full.startswith("airflow.sdk") for full in source.imported.values())
    module = "airflow.providers.standard.operators.bash" if is_new else "airflow.operators.bash"
    per_task = {
        setting.name: source.source(setting.value)
        for setting in settings(source, "airflow", *_PER_TASK)
        if setting.scope == "task" and isinstance(setting.value, ast.Constant)
    }
    arguments = "".join(f"        {key}={value},\n" for key, value in sorted(per_task.items()))
    keywords = "".join(
        f"    {source.source(keyword)},\n"
        for keyword in own
        if keyword.value is not name and keyword.arg != "dag_id"
    )
    return (
        '"""How many rows there are."""\n\n'
        + "\n".join(imports)
        + f"\nfrom {module} import BashOperator\n\n"
        + "".join(f"{each}\n\n" for each in copied)
        + f'with DAG_CALL(\n    "{new}",\n    description="How many rows there are.",\n{keywords}) as dag:\n'.replace(
            "DAG_CALL", ast.unparse(call.func)
        )
        + f'    BashOperator(\n        task_id="report",\n        bash_command="echo report",\n{arguments}    )\n'
    )


def _only(source: PythonSource, node: ast.Import | ast.ImportFrom, wanted: set[str]) -> str:
    """The import of the wanted names alone."""
    names = ", ".join(
        f"{alias.name} as {alias.asname}" if alias.asname else alias.name
        for alias in node.names
        if (alias.asname or alias.name).split(".")[0] in wanted
    )
    if isinstance(node, ast.Import):
        return f"import {names}"
    return f"from {'.' * node.level}{node.module or ''} import {names}"
