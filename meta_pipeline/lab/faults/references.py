"""References that lead nowhere: what is named is not there, or was renamed under its readers."""

import ast
import posixpath
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place
from meta_pipeline.lab.pipeline_source import decorated_by, is_pipeline_file
from meta_pipeline.lab.python_source import PythonSource, keyword_of, python_of, text_value
from meta_pipeline.lab.repository import ANY, mentions
from meta_pipeline.lab.sql_source import dbt_project_of, is_dbt_model
from meta_pipeline.lab.yaml_source import yaml_of

_REF = re.compile(r"(\bref\(\s*['\"])(\w+)(['\"]\s*\))")
_SOURCE = re.compile(r"(\bsource\(\s*['\"]\w+['\"]\s*,\s*['\"])(\w+)(['\"]\s*\))")


class ReaderOrphaned(Mutator):
    """A model, an asset or a dataset is renamed while others still ask for it by its old name.

    They fail to load, or wait for something that never comes.
    """

    id = "reader-orphaned"
    seen_by = "load"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if is_dbt_model(base):
            yield from self._model(base, dice)
        yield from self._source(base)
        source = python_of(base)
        if source is None or not is_pipeline_file(source, base.scheduler):
            return
        if base.scheduler == "dagster":
            yield from self._asset(source, base, dice)
        elif base.scheduler == "airflow":
            yield from self._dataset(source, base)

    def _model(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        text = Text.of(base)
        folder, file = posixpath.split(base.path)
        name = file[:-4]
        readers = [
            (path, line) for path, line in mentions(base, name, ends=(".sql",)) if _refers(base, path, name)
        ]
        new = f"{name}_{dice.choice(['v2', 'new', 'base', 'daily'])}"
        path = posixpath.join(folder, f"{new}.sql")
        if text is None or not readers or path in base.tree.entries():
            return
        places = [Place(reader, line, line) for reader, line in readers[:20]]
        gone = Place(base.path, 1, max(1, text.count), "base")
        files = {base.path: None, path: text.value.encode()}
        yield Mutation(
            files,
            (gone, Place(path, 1, max(1, text.count)), *places),
            f"renames {name} to {new}, which {readers[0][0]} reads",
        )

    def _source(self, base: Base) -> Iterator[Mutation]:
        document = yaml_of(base)
        if document is None or dbt_project_of(base) is None:
            return
        for entry in document.entries():
            if entry.path[-3:] != ("sources", "tables", "name") or not entry.value_text:
                continue
            readers = [
                Place(path, line, line)
                for path, line in mentions(base, entry.value_text, ends=(".sql",))
                if re.search(rf"source\([^)]*['\"]{re.escape(entry.value_text)}['\"]", _text(base, path))
            ]
            if readers:
                edit = document.value_edit(entry, f"{entry.value_text}_raw")
                yield Change(document.text, [edit], places=readers[:20]).fault(
                    f"renames the source table {entry.value_text}, which {readers[0].path} reads"
                )

    def _asset(self, source: PythonSource, base: Base, dice: random.Random) -> Iterator[Mutation]:
        for found in decorated_by(source, "dagster:asset"):
            name = found.function.name
            named = found.call and any(keyword_of(found.call, key) for key in ("name", "key", "key_prefix"))
            if named or not found.name.endswith(".asset"):
                continue
            arguments = [
                source.span(argument)
                for function in source.functions
                for argument in function.args.args
                if argument.arg == name
            ]
            texts = [
                source.span(node)
                for node in source.nodes
                if isinstance(node, ast.expr) and text_value(node) == name
            ]
            others = [
                Place(path, line, line) for path, line in mentions(base, name, ends=(".py", ".sql", ".yml"))
            ]
            if not arguments and not texts and not any(place.path.endswith(".py") for place in others):
                continue
            start = source.span(found.function)[0]
            at = source.text.value.index(name, start)
            edit = Edit(at, at + len(name), f"{name}_{dice.choice(['v2', 'clean', 'table'])}")
            # The decorators are part of what is renamed.
            near = [*arguments, *texts, *(source.span(each) for each in found.function.decorator_list)]
            yield Change(source.text, [edit], near, others[:20]).fault(
                f"renames the asset `{name}`, which others read"
            )

    def _dataset(self, source: PythonSource, base: Base) -> Iterator[Mutation]:
        for call in source.calls:
            kind = source.name(call.func) or ""
            value = call.args[0] if call.args else None
            uri = text_value(value)
            if (
                not kind.startswith("airflow")
                or not kind.endswith((".Dataset", ".Asset"))
                or value is None
                or not uri
            ):
                continue
            in_others = [Place(path, line, line) for path, line in mentions(base, uri, ends=(".py",))]
            again = [
                source.span(other)
                for other in source.calls
                if other is not call and other.args and text_value(other.args[0]) == uri
            ]
            if in_others or again:
                edit = Edit(*source.span(value), f'"{uri}_v2"')
                yield Change(source.text, [edit], again, in_others).fault(
                    f"renames the dataset {uri}, which others wait for"
                )


def _refers(base: Base, path: str, name: str) -> bool:
    return any(found.group(2) == name for found in _REF.finditer(_text(base, path)))


def _text(base: Base, path: str) -> str:
    return (base.tree.read(path) or b"").decode("utf-8", errors="replace")


class ReferenceMissing(Mutator):
    """A model, a source, an asset or a DAG is asked for that the repository does not have.

    The project does not compile, or the run that should be started or waited for does not exist.
    """

    id = "reference-missing"
    seen_by = "load"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if base.path.endswith(".sql") and dbt_project_of(base) is not None and "/target/" not in base.path:
            text = Text.of(base)
            for pattern in (_REF, _SOURCE) if text is not None else ():
                for found in pattern.finditer(text.value if text else ""):
                    wrong = _wrong(found.group(2), dice)
                    if text is not None and not _is_known(base, wrong):
                        edit = Edit(found.start(2), found.end(2), wrong)
                        yield Change(text, [edit]).fault(f"asks for `{wrong}`, which nothing defines")
        document = yaml_of(base)
        if document is not None and base.scheduler == "prefect":
            for entry in document.entries():
                if entry.key == "entrypoint" and ":" in (entry.value_text or ""):
                    new = f"{entry.value_text}_{dice.choice(['main', 'flow'])}"
                    yield Change(
                        document.text, [document.value_edit(entry, new)], document.near(entry)
                    ).fault(f"deploys {new}, which does not exist")
        source = python_of(base)
        if source is not None and is_pipeline_file(source, base.scheduler):
            yield from self._python(source, base, dice)

    def _python(self, source: PythonSource, base: Base, dice: random.Random) -> Iterator[Mutation]:
        names = ("external_dag_id", "trigger_dag_id") if base.scheduler == "airflow" else ()
        for call in source.calls:
            for keyword in call.keywords:
                value = text_value(keyword.value)
                if keyword.arg in names and value and mentions(base, value, ends=(".py",)):
                    edit = Edit(*source.span(keyword.value), f'"{_wrong(value, dice)}"')
                    yield Change(source.text, [edit], [source.span(call)]).fault(
                        "names a DAG that does not exist"
                    )
                if (
                    base.scheduler == "dagster"
                    and keyword.arg == "deps"
                    and isinstance(keyword.value, ast.List)
                ):
                    for item in keyword.value.elts:
                        known = text_value(item) and _is_defined(source, base, text_value(item) or "")
                        if known and (source.name(call.func) or "").startswith("dagster"):
                            edit = Edit(*source.span(item), f'"{_wrong(text_value(item) or "", dice)}"')
                            yield Change(source.text, [edit], [source.span(call)]).fault(
                                "depends on an asset that does not exist"
                            )
                if (
                    base.scheduler == "prefect"
                    and keyword.arg == "name"
                    and _is_run_deployment(source, call)
                    and value
                    and mentions(base, value.rsplit("/", 1)[-1], ends=(".py", ".yaml", ".yml"))
                ):
                    edit = Edit(*source.span(keyword.value), f'"{_wrong(value, dice)}"')
                    yield Change(source.text, [edit], [source.span(call)]).fault(
                        "runs a deployment that does not exist"
                    )


def _is_defined(source: PythonSource, base: Base, name: str) -> bool:
    """Whether a function of the file or of another one has a name."""
    return any(function.name == name for function in source.functions) or bool(
        mentions(base, name, ends=(".py",))
    )


def _is_run_deployment(source: PythonSource, call: ast.Call) -> bool:
    return (source.name(call.func) or "").endswith("run_deployment")


def _wrong(name: str, dice: random.Random) -> str:
    return dice.choice(
        [f"{name}_v2", f"{name}_final", name[:-1] if name.endswith("s") else f"{name}s", f"new_{name}"]
    )


def _is_known(base: Base, name: str) -> bool:
    return any(name in path for path in base.tree.entries())
