"""Files of credentials that are committed, and connections spelt out in code."""

import ast
import json
import posixpath
import random
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit, added_file
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import is_pipeline_file, task_functions
from meta_pipeline.lab.python_source import PythonSource, python_of, text_value
from meta_pipeline.lab.repository import ANY, PYTHON
from meta_pipeline.lab.secret_shapes import (
    database_url,
    one_line_secrets,
    password,
    private_key,
    service_account,
)


class SecretFileAdded(Mutator):
    """A file that holds credentials is committed: `.env`, a service account's JSON, a key, dbt's `profiles.yml`.

    It was meant to stay on one machine; now each copy of the repository has it.
    """

    id = "secret-file-added"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if posixpath.basename(base.path) not in {"requirements.txt", "pyproject.toml", "dbt_project.yml"}:
            return
        folder = posixpath.dirname(base.path)
        there = base.tree.entries()
        name, key = dice.choice(["service-account.json", "gcp-key.json"]), private_key(dice)
        lines = service_account(dice)
        secret = next(n for n, line in enumerate(lines.splitlines(), 1) if '"private_key"' in line)
        first, second = one_line_secrets(dice, 2)
        env = f"ENVIRONMENT=prod\n{first.name.upper()}={first.value}\n{second.name.upper()}={second.value}\n"
        profiles = (
            "warehouse:\n  target: prod\n  outputs:\n    prod:\n      type: snowflake\n      account: acme-eu1\n"
            f"      user: dbt_prod\n      password: {json.dumps(password(dice))}\n      role: transformer\n"
        )
        files = [
            (name, lines, [(secret - 1, secret)]),
            (".env", env, [(2, 3)]),
            (dice.choice(["id_rsa", "deploy_key.pem"]), key.value + "\n", [(1, len(key.value.splitlines()))]),
        ]
        if base.path.endswith("dbt_project.yml"):
            files.append(("profiles.yml", profiles, [(8, 8)]))
        for name, content, places in files:
            path = posixpath.join(folder, name)
            if path not in there:
                yield added_file(path, content, places, f"commits {path} with credentials")


class ConnectionSpeltOut(Mutator):
    """A host, a user and a password stand in code where a connection or a resource was asked for.

    The password is known to all readers, and each environment now writes to the same database.
    """

    id = "connection-literal"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        for call in source.calls:
            name = source.name(call.func) or ""
            for keyword in call.keywords:
                if keyword.arg in {
                    "password",
                    "conn_str",
                    "connection_string",
                    "dsn",
                    "uri",
                } and not text_value(keyword.value):
                    new = password(dice) if keyword.arg == "password" else database_url(dice)
                    edit = Edit(*source.span(keyword.value), json.dumps(new))
                    yield Change(source.text, [edit], [source.span(call)]).fault(
                        f"spells `{keyword.arg}` out"
                    )
            is_hook = name.endswith(
                (
                    "Hook.get_connection",
                    ".get_connection",
                    "Hook",
                    "create_engine",
                    "SqlAlchemyConnector.load",
                )
            )
            if is_hook and source.function_of(call) and isinstance(source.parents.get(call), ast.Assign):
                at = source.statement(source.statement_of(call))[0]
                indent = source.text.indent(at)
                line = f"{indent}engine_url = {json.dumps(database_url(dice))}\n"
                yield Change(source.text, [Edit(at, at, line)]).fault(
                    "spells a database URL with its password out"
                )
        if is_pipeline_file(source, base.scheduler):
            yield from self._in_task(source, dice)

    def _in_task(self, source: PythonSource, dice: random.Random) -> Iterator[Mutation]:
        plain = [f for f in task_functions(source) if source.has_simple_body(f)]
        for function in dice.sample(plain, min(2, len(plain))):
            at, indent = source.body_start(function)
            module = dice.choice(["psycopg2", "pymysql", "snowflake.connector"])
            lines = [
                f"import {module}",
                "",
                f"connection = {module}.connect(",
                f'    host="db01.prod.internal", user="etl_user", password={json.dumps(password(dice))}',
                ")",
            ]
            new = "".join(f"{indent}{line}\n" if line else "\n" for line in lines)
            yield Change(source.text, [Edit(at, at, new)]).fault("connects with a password in the code")
