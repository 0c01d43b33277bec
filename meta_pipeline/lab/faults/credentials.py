"""Credentials written into the files of a repository."""

import ast
import json
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.python_source import PythonSource, python_of
from meta_pipeline.lab.repository import ANY, PYTHON
from meta_pipeline.lab.secret_shapes import (
    Secret,
    one_line_secrets,
    password,
    private_key,
)
from meta_pipeline.lab.sql_source import is_dbt_model
from meta_pipeline.lab.yaml_source import yaml_of


class SecretInPython(Mutator):
    """A credential is written into Python: assigned to a constant, given as an argument, put in place of a look-up.

    Whoever may read the repository, and each of its copies, may use it from then on.
    """

    id = "secret-in-python"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or not source.tree.body:
            return
        for secret in one_line_secrets(dice, 4):
            yield _constant(source, secret)
        key = private_key(dice)
        at = source.after_imports()
        yield Change(source.text, [Edit(at, at, f'\nPRIVATE_KEY = """{key.value}"""\n')]).fault(
            "writes a private key down"
        )
        for node in source.nodes:
            if _is_lookup(source, node):
                secret = one_line_secrets(dice, 1)[0]
                edit = Edit(*source.span(node), json.dumps(secret.value))  # type: ignore[arg-type]
                yield Change(source.text, [edit]).fault(f"writes {secret.kind} in place of its look-up")


def _constant(source: PythonSource, secret: Secret) -> Mutation:
    at = source.after_imports()
    name = secret.name.upper()
    while name in source.bound:
        name = f"{name}_2"
    edit = Edit(at, at, f"\n{name} = {json.dumps(secret.value)}\n")
    return Change(source.text, [edit]).fault(f"writes {secret.kind} down as `{name}`")


def _is_lookup(source: PythonSource, node: ast.AST) -> bool:
    """`os.environ["..."]`, `os.getenv("...")`, `Variable.get("...")`, `EnvVar("...")`."""
    if isinstance(node, ast.Subscript):
        return (source.name(node.value) or "") == "os.environ" and isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Call):
        name = source.name(node.func) or ""
        looks = name in {"os.getenv", "os.environ.get", "dagster.EnvVar"} or name.endswith("Variable.get")
        return looks and not isinstance(source.parents.get(node), ast.FormattedValue | ast.Attribute)
    return False


class SecretInYaml(Mutator):
    """A credential is written into YAML: an environment of a deployment, a variable, a connection.

    Whoever may read the repository may use it from then on.
    """

    id = "secret-in-yaml"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        document = yaml_of(base)
        if document is None:
            return
        for entry in document.entries():
            holds = re.search(r"password|passwd|token|secret|api_?key|private_key", entry.key, re.IGNORECASE)
            value = entry.value_text
            if holds and value is not None and re.search(r"env_var|\$\{\{|\$\{|\bEnvVar", value):
                secret = one_line_secrets(dice, 1)[0]
                edit = document.value_edit(entry, json.dumps(secret.value))
                yield Change(document.text, [edit]).fault(f"writes {secret.kind} in place of {value}")
            elif entry.key in {"env", "environment", "vars", "variables", "job_variables"} and entry.path[
                -2:-1
            ] != ("on",):
                yield from self._one_more(document.text, entry.value, dice)

    def _one_more(self, text: Text, value: object, dice: random.Random) -> Iterator[Mutation]:
        pairs = getattr(value, "value", None)
        if (
            not isinstance(pairs, list)
            or not pairs
            or getattr(value, "flow_style", True)
            or not isinstance(pairs[0], tuple)
        ):
            return
        start = pairs[0][0].start_mark.index
        if text.value[text.start_of_line(start) : start].strip():
            return
        for secret in one_line_secrets(dice, 2):
            at = text.start_of_line(start)
            line = f"{text.indent(start)}{secret.name.upper()}: {json.dumps(secret.value)}\n"
            yield Change(text, [Edit(at, at, line)]).fault(f"writes {secret.kind} into the environment")


class SecretInSql(Mutator):
    """A credential is written into SQL or its Jinja: for a copy from a bucket, for an external table, in a comment.

    Whoever may read the repository may use it from then on, and it is in the query log too.
    """

    id = "secret-in-sql"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if not base.path.endswith(".sql") or (text := Text.of(base)) is None or not text.value.strip():
            return
        first, second, third = one_line_secrets(dice, 3)
        end = "" if text.value.endswith("\n") else "\n"
        at = len(text.value)
        yield Change(text, [Edit(0, 0, f"-- export {first.name.upper()}={first.value}\n")]).fault(
            f"leaves {first.kind} in a comment"
        )
        line = "{% set " + second.name + " = " + json.dumps(second.value) + " %}\n"
        if is_dbt_model(base) or "{{" in text.value:
            yield Change(text, [Edit(0, 0, line)]).fault(f"sets a Jinja variable to {second.kind}")
        if not is_dbt_model(base) and text.value.rstrip().endswith(";"):
            aws = f"COPY landing FROM 's3://landing/' CREDENTIALS 'password={password(dice)};token={third.value}';\n"
            yield Change(text, [Edit(at, at, end + aws)]).fault("copies with credentials in the statement")


class SecretInNotebook(Mutator):
    """A credential is written into a cell of a notebook.

    Nobody reads the JSON of a notebook in a review, and whoever may read the repository may use it.
    """

    id = "secret-in-notebook"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if not base.path.endswith(".ipynb") or (text := Text.of(base)) is None:
            return
        cells = [match.end() for match in re.finditer(r'"source": \[\n', text.value)]
        for at in dice.sample(cells, min(3, len(cells))):
            secret = one_line_secrets(dice, 1)[0]
            indent = text.indent(at)
            line = f"{indent}{json.dumps(f'{secret.name} = {json.dumps(secret.value)}' + chr(10))},\n"
            edited = text.edited([Edit(at, at, line)])
            if _is_json(edited):
                yield Change(text, [Edit(at, at, line)]).fault(f"writes {secret.kind} into a cell")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
