"""Where a Python file defines Airflow DAGs and their tasks."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import libcst as cst

from meta_pipeline.authors.recipes.entries import argument, positional
from meta_pipeline.authors.recipes.environments import Environments
from meta_pipeline.authors.recipes.python_source import PythonSource, dotted
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.authors.recipes.values import Env, constant, pattern


@dataclass(frozen=True, eq=False)
class Definition:
    """A call or decorator that takes keywords: a DAG, a task or a task group.

    `node` is a `cst.Call`, or the bare name of a decorator without parentheses; `function` is the
    decorated function.
    """

    node: cst.BaseExpression
    function: cst.FunctionDef | None = None

    def keyword(self, *names: str) -> cst.Arg | None:
        return argument(self.node, *names) if isinstance(self.node, cst.Call) else None

    @property
    def stars(self) -> bool:
        """Whether keywords come out of a `**` argument."""
        return isinstance(self.node, cst.Call) and any(arg.star == "**" for arg in self.node.args)


@dataclass(frozen=True, eq=False)
class Site(Definition):
    """A DAG's definition. `scopes` are the blocks whose tasks are its own; `bound` is the name it has."""

    scopes: tuple[cst.CSTNode, ...] = ()
    bound: str | None = None


class AirflowSource:
    """The DAGs and tasks of one file."""

    def __init__(self, source: PythonSource) -> None:
        self.source = source
        self.environments = Environments(source)

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Every DAG definition, in the order of the source."""
        found = [self._site(call) for call in self.source.all(cst.Call) if dotted(call.func)[-1:] == ("DAG",)]
        for function in self.source.all(cst.FunctionDef):
            for decorator in function.decorators:
                if _callee(decorator.decorator)[-1:] == ("dag",):
                    found.append(Site(decorator.decorator, function, (function.body,)))
        return tuple(sorted(found, key=lambda site: self.source.span(site.node)[0]))

    def _site(self, call: cst.Call) -> Site:
        bound: str | None = None
        scopes: list[cst.CSTNode] = []
        for parent in self.source.parents(call):
            if isinstance(parent, cst.WithItem):
                bound = (
                    parent.asname.name.value
                    if parent.asname and isinstance(parent.asname.name, cst.Name)
                    else None
                )
            elif isinstance(parent, cst.With):
                scopes.append(parent.body)
                break
            elif isinstance(parent, cst.Assign):
                target = parent.targets[0].target
                bound = target.value if isinstance(target, cst.Name) else None
                break
            elif isinstance(parent, cst.BaseCompoundStatement | cst.BaseSmallStatement):
                break
        if bound is not None and not scopes:
            home = self._function_around(call)
            scopes += [
                block.body
                for block in self.source.all(cst.With)
                if self._function_around(block) is home
                and any(isinstance(item.item, cst.Name) and item.item.value == bound for item in block.items)
            ]
        return Site(call, None, tuple(scopes), bound)

    def find(self, pipeline: str) -> tuple[Site, Env]:
        """The definition that makes this DAG, with the names' meanings in the run that does; raises `RecipeError`."""
        exact = [
            (site, env)
            for site in self.sites
            for env in self.runs(site)
            if self.dag_id(site, env) == pipeline
        ]
        if not exact:
            exact = [
                (site, self.runs(site)[0])
                for site in self.sites
                if self.dag_id(site, self.runs(site)[0]) is None and self._could_be(site, pipeline)
            ]
        if len(exact) == 1:
            return exact[0]
        problem = "more than one definition makes" if exact else "no DAG(...) or @dag here makes"
        line = self.source.line(exact[0][0].node) if exact else 1
        raise RecipeError(self.source.path, line, f"{problem} `{pipeline}`; give it one plain dag_id.")

    def runs(self, site: Site) -> list[Env]:
        """One environment for each DAG that the definition makes, as far as the source tells."""
        return self.environments.of(site.function or site.node)

    def dag_id(self, site: Site, env: Env) -> str | None:
        expression = self._dag_id_expression(site)
        if expression is None:
            return site.function.name.value if site.function else None
        value = constant(expression, env)
        return value if isinstance(value, str) else None

    def makes(self, site: Site, pipeline: str) -> bool:
        """Whether the definition makes, or could make, a DAG of this id."""
        known = [self.dag_id(site, env) for env in self.runs(site)]
        return pipeline in known or (None in known and self._could_be(site, pipeline))

    def _could_be(self, site: Site, pipeline: str) -> bool:
        expression = self._dag_id_expression(site)
        if expression is None:
            return False
        return any(pattern(expression, env).fullmatch(pipeline) for env in self.runs(site))

    @staticmethod
    def _dag_id_expression(site: Site) -> cst.BaseExpression | None:
        if not isinstance(site.node, cst.Call):
            return None
        arg = argument(site.node, "dag_id") or positional(site.node, 0)
        return arg.value if arg else None

    @cached_property
    def tasks(self) -> tuple[Definition, ...]:
        """Every operator call and `@task` function, in the order of the source."""
        found = [Definition(call) for call in self.source.all(cst.Call) if argument(call, "task_id")]
        for function in self.source.all(cst.FunctionDef):
            for decorator in function.decorators:
                if "task" in _callee(decorator.decorator) and "task_group" not in _callee(
                    decorator.decorator
                ):
                    found.append(Definition(decorator.decorator, function))
        inside = {id(site.node) for site in self.sites}
        return tuple(
            sorted((t for t in found if id(t.node) not in inside), key=lambda t: self.source.span(t.node)[0])
        )

    @cached_property
    def groups(self) -> tuple[Definition, ...]:
        """Every task group that has default_args of its own."""
        calls = [
            Definition(call)
            for call in self.source.all(cst.Call)
            if dotted(call.func)[-1:] in {("TaskGroup",), ("task_group",)} and argument(call, "default_args")
        ]
        return tuple(calls)

    def of_site(self, definitions: tuple[Definition, ...], site: Site) -> Iterator[Definition]:
        """Those of `definitions` that belong to the DAG, or to no DAG in particular."""
        for definition in definitions:
            owner = self._owner(definition)
            if owner is site or (owner is None and len(self.sites) == 1):
                yield definition

    def task(self, site: Site, node: str) -> Definition:
        """The one definition of the DAG's task `node`, its group's prefix allowed; raises `RecipeError`."""
        named = [task for task in self.tasks if self.could_name(task, node)]
        exact = [task for task in named if node.rsplit(".", maxsplit=1)[-1] in self.task_ids(task)]
        candidates = exact or named
        owned = [task for task in candidates if self._owner(task) is site]
        candidates = owned or [task for task in candidates if self._owner(task) is None]
        operators = [task for task in candidates if task.function or is_class_call(task.node)]
        candidates = operators or candidates
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise self.source.error(
                candidates[1].node,
                f"`{node}` could be this task or another one here; give it a plain task_id.",
            )
        raise self.source.error(
            site.node, f"no task with the plain task_id `{node}` is in this file; write it there."
        )

    def task_ids(self, task: Definition) -> frozenset[str]:
        """The task ids, without their groups, that the definition is known to make."""
        return frozenset(
            value
            for env in self.environments.of(task.function or task.node)
            if isinstance(value := constant(self._task_id(task), env), str)
        )

    def task_runs(self, task: Definition, node: str) -> list[Env]:
        """The environments in which the definition makes this very task; all where that cannot be told."""
        name = node.rsplit(".", maxsplit=1)[-1]
        runs = self.environments.of(task.function or task.node)
        return [env for env in runs if constant(self._task_id(task), env) == name] or runs

    def could_name(self, task: Definition, node: str) -> bool:
        """Whether the definition makes, or could make, the task of this id."""
        name = node.rsplit(".", maxsplit=1)[-1]
        if name in self.task_ids(task):
            return True
        return any(
            pattern(self._task_id(task), env).fullmatch(name)
            for env in self.environments.of(task.function or task.node)
        )

    @staticmethod
    def _task_id(task: Definition) -> cst.BaseExpression:
        arg = task.keyword("task_id")
        if arg is not None:
            return arg.value
        assert task.function is not None
        return cst.SimpleString(f'"{task.function.name.value}"')

    def groups_around(self, task: Definition) -> Iterator[Definition]:
        """The groups with default_args that the task stands in, innermost first."""
        for parent in self.source.parents(task.function or task.node):
            if isinstance(parent, cst.With):
                for item in parent.items:
                    yield from (group for group in self.groups if group.node is item.item)
            elif isinstance(parent, cst.FunctionDef):
                for decorator in parent.decorators:
                    yield from (group for group in self.groups if group.node is decorator.decorator)

    def _owner(self, definition: Definition) -> Site | None:
        around = [definition.node, *self.source.parents(definition.function or definition.node)]
        for parent in around:
            for site in self.sites:
                if parent in site.scopes:
                    return site
        given = definition.keyword("dag")
        if given is not None and isinstance(given.value, cst.Name):
            home = self._function_around(definition.node)
            named = [site for site in self.sites if site.bound == given.value.value]
            near = [site for site in named if self._function_around(site.node) is home]
            return near[0] if len(near) == 1 else None
        return None

    def _function_around(self, node: cst.CSTNode) -> cst.FunctionDef | None:
        return next((p for p in self.source.parents(node) if isinstance(p, cst.FunctionDef)), None)


def _callee(node: cst.BaseExpression) -> tuple[str, ...]:
    return dotted(node.func if isinstance(node, cst.Call) else node)


def is_class_call(node: cst.BaseExpression) -> bool:
    """Whether the call makes an operator itself, and is no helper function that may not hand keywords on."""
    name = _callee(node) or ("",)
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        name = (*name, node.func.attr.value)
    return name[-1][:1].isupper() or name[-1] in ("partial", "override")
