"""Rings: pipelines that wait for themselves, modules that import each other."""

import ast
import posixpath
import random
import re
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.lab.editing import Change, Edit, Span, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place
from meta_pipeline.lab.pipeline_source import decorated_by, is_pipeline_file, pipeline_calls
from meta_pipeline.lab.python_source import PythonSource, keyword_of, python_of
from meta_pipeline.lab.repository import PYTHON, module_file, python_file
from meta_pipeline.lab.sql_source import is_dbt_model

_REF = re.compile(r"\{\{\s*ref\(\s*['\"](\w+)['\"]\s*\)\s*\}\}")


class DependencyCycle(Mutator):
    """A pipeline comes to depend on what depends on it.

    The scheduler cannot order it, and loads none of it.
    """

    id = "dependency-cycle"
    seen_by = "load"
    schedulers: ClassVar = frozenset({"airflow", "dagster", "dbt"})
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if is_dbt_model(base):
            yield from self._models(base)
        source = python_of(base)
        if source is None or not is_pipeline_file(source, base.scheduler):
            return
        if base.scheduler == "airflow":
            yield from self._airflow(source)
        elif base.scheduler == "dagster":
            yield from self._assets(source)

    def _airflow(self, source: PythonSource) -> Iterator[Mutation]:
        for node in source.nodes:
            if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.BinOp):
                continue
            names = _names_of_chain(node.value)
            if names is None or len(names) < 2 or len(set(names)) != len(names):
                continue
            at = source.statement(node)[1]
            lead = "" if source.text.value[:at].endswith("\n") else "\n"
            line = f"{lead}{source.text.indent(source.span(node)[0])}{names[-1]} >> {names[0]}\n"
            heads = [
                source.span(call) for call, kind in pipeline_calls(source, "airflow") if kind == "pipeline"
            ]
            near = [source.span(node), *((start, source.text.end_of_line(start)) for start, _ in heads)]
            yield Change(source.text, [Edit(at, at, line)], near).fault(
                f"runs {names[-1]} before {names[0]}, which runs before it"
            )

    def _assets(self, source: PythonSource) -> Iterator[Mutation]:
        assets = {
            found.function.name: found
            for found in decorated_by(source, "dagster:asset")
            if found.name.endswith(".asset")
            and not (
                found.call and any(keyword_of(found.call, k) for k in ("name", "key", "key_prefix", "deps"))
            )
        }
        for reader in assets.values():
            for argument in reader.function.args.args:
                upstream = assets.get(argument.arg)
                if upstream is None or upstream.function is reader.function:
                    continue
                name = f'deps=["{reader.function.name}"]'
                if upstream.call is None:
                    edit = Edit(
                        source.span(upstream.decorator)[1], source.span(upstream.decorator)[1], f"({name})"
                    )
                else:
                    edit = source.with_keyword(upstream.call, name)
                near = [
                    source.span(upstream.decorator),
                    source.signature_line(upstream.function),
                    source.signature_line(reader.function),
                ]
                yield Change(source.text, [edit], near).fault(
                    f"`{argument.arg}` reads `{reader.function.name}`, which reads it"
                )

    def _models(self, base: Base) -> Iterator[Mutation]:
        text = Text.of(base)
        name = posixpath.basename(base.path)[:-4]
        if text is None:
            return
        for reader in _readers_of_model(base, name)[:3]:
            stem = posixpath.basename(reader)[:-4]
            places = [Place(reader, 1, 1)]
            start = re.match(r"(?:\s|\{\{[\s\S]*?\}\}|--[^\n]*\n)*with\s+", text.value, re.IGNORECASE)
            if start is not None and not text.value[start.end() :].lower().startswith("recursive"):
                ref = f"{{{{ ref('{stem}') }}}}"
                line = "\n".join((f"latest_{stem} as (", "    select *", f"    from {ref}", "),", "", ""))
                edit = Edit(start.end(), start.end(), line)
            else:
                edit = Edit(0, 0, f"-- depends_on: {{{{ ref('{stem}') }}}}\n")
            yield Change(text, [edit], places=places).fault(f"reads {stem}, which reads it")


def _names_of_chain(node: ast.expr) -> list[str] | None:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
        left, right = _names_of_chain(node.left), _names_of_chain(node.right)
        return None if left is None or right is None else [*left, *right]
    return None


def _readers_of_model(base: Base, name: str) -> list[str]:
    """The models whose `ref` names a model."""
    found = []
    for path in sorted(base.tree.entries()):
        at = Base(base.repository, base.scheduler, base.tree, path)
        text = Text.of(at) if path != base.path and is_dbt_model(at) else None
        if text is not None and name in _REF.findall(text.value):
            found.append(path)
    return found


class ImportCycle(Mutator):
    """A module imports a name from a module that imports from it.

    Whichever loads first finds the other half made, and fails.
    """

    id = "import-cycle"
    seen_by = "load"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None or base.path.endswith("__init__.py"):
            return
        for node in source.tree.body:
            if (
                not isinstance(node, ast.ImportFrom)
                or node.level
                or (path := module_file(base, node)) is None
            ):
                continue
            other = python_file(base, path)
            name = _first_name(source)
            dotted = _dotted_as(node.module or "", path, base.path)
            if (
                other is None
                or name is None
                or dotted is None
                or path.endswith("__init__.py")
                or name in other.bound
            ):
                continue
            at = other.after_imports() if other.tree.body else 0
            edit = Edit(at, at, f"from {dotted} import {name}\n")
            near: list[Span] = []
            place = Place(base.path, node.lineno, node.end_lineno or node.lineno)
            yield Change(other.text, [edit], near, [place]).fault(
                f"{path} imports from {base.path}, which imports from it"
            )


def _first_name(source: PythonSource) -> str | None:
    """A name that the module binds after its imports."""
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            return node.name
    return None


def _dotted_as(module: str, path: str, own: str) -> str | None:
    """How a file is imported, going by how another file of the repository is; None where they share no root."""
    stem = path.removesuffix(".py")
    root = stem.removesuffix(module.replace(".", "/"))
    if root == stem and root + module.replace(".", "/") != stem:
        return None
    if not own.startswith(root):
        return None
    dotted = own.removeprefix(root).removesuffix(".py").replace("/", ".")
    return dotted if all(part.isidentifier() for part in dotted.split(".")) else None
