"""Writes retry settings at the narrowest place of a DAG file that gives them the demanded reach."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import libcst as cst

from meta_pipeline.authors.recipes.airflow_source import AirflowSource, Definition, Site, is_class_call
from meta_pipeline.authors.recipes.durations import Spelling, spelling
from meta_pipeline.authors.recipes.entries import with_entries, written_call, written_dict
from meta_pipeline.authors.recipes.helpers import hands_on
from meta_pipeline.authors.recipes.places import narrowest
from meta_pipeline.authors.recipes.python_source import PythonSource, Splice
from meta_pipeline.authors.recipes.retry_settings import Setting
from meta_pipeline.authors.recipes.values import UNKNOWN, Env, constant, keyword_value, lookup, origin
from meta_pipeline.delivery.tree import Tree


@dataclass
class _Pending:
    """What is to be written into one container."""

    added: dict[str, str] = field(default_factory=dict)
    replaced: list[tuple[cst.CSTNode, str]] = field(default_factory=list)


class RetryEdit:
    """The splices that make `settings` true in one file."""

    def __init__(self, dags: AirflowSource, tree: Tree, settings: tuple[Setting, ...]) -> None:
        self.dags = dags
        self.tree = tree
        self.settings = settings
        self.source: PythonSource = dags.source
        self.spelling: Spelling = spelling(dags.source)
        self._containers: dict[cst.CSTNode, _Pending] = {}
        self._loose: list[Splice] = []

    def splices(self, pipeline: str, node: str | None) -> list[Splice]:
        """Raises `RecipeError` where the source does not tell what holds, or has no place to write it."""
        site, env = self.dags.find(pipeline)
        if node is None:
            self._whole(site, env)
        else:
            self._task(site, env, self.dags.task(site, node), node)
        found = list(self._loose)
        for container, pending in self._containers.items():
            assert isinstance(container, cst.Call | cst.Dict)
            found += with_entries(self.source, container, pending.added, pending.replaced)
        used = f"{self.spelling.callable}("
        if self.spelling.needs is not None and any(used in splice.text for splice in found):
            found.append(self.spelling.needs)
        return found

    def _whole(self, site: Site, env: Env) -> None:
        self._defaults(site, env)
        for group in self.dags.of_site(self.dags.groups, site):
            for group_env in self.dags.environments.of(group.node):
                self._defaults(group, group_env, only_present=True)
        for task in self.dags.of_site(self.dags.tasks, site):
            for setting in self.settings:
                self._correct(task, setting, self.dags.environments.of(task.function or task.node))

    def _task(self, site: Site, env: Env, task: Definition, node: str) -> None:
        added: dict[str, str] = {}
        for setting in self.settings:
            if self._correct(task, setting, self.dags.task_runs(task, node)):
                continue
            current = self._inherited(site, env, task, setting)
            if current is None and setting.meets_absent():
                continue
            if current is None or not setting.meets(current):
                added[setting.key] = setting.text(current, self.spelling)
        if not added:
            return
        if not is_class_call(task.node) and task.function is None:
            hands_on(self.source, self.tree, task.node, tuple(added))
        if isinstance(task.node, cst.Call):
            self._pending(task.node).added.update(added)
        else:
            end = self.source.span(task.node)[1]
            pieces = [f"{key}={text}" for key, text in added.items()]
            self._loose.append(Splice(end, end, written_call(self.source, pieces, end)))

    def _correct(self, task: Definition, setting: Setting, runs: list[Env]) -> bool:
        """Mend the task's own keyword in these runs of it; False where it has none."""
        given = False
        for env in runs:
            value = keyword_value(task.node, setting.key, env)
            if isinstance(value, cst.BaseExpression):
                given = True
                if not setting.meets(self._known(value, env)):
                    self._replace(task, value, setting, env)
            elif value != "absent":
                raise self.source.error(
                    task.node, f"`**` may hold {setting.key} of this task; write it as a keyword."
                )
        return given

    def _inherited(self, site: Site, env: Env, task: Definition, setting: Setting) -> object:
        """The value that the task has from its groups or its DAG; None where neither gives one."""
        for holder in (*self.dags.groups_around(task), site):
            arg = holder.keyword("default_args")
            found = lookup(arg.value if arg else None, setting.key, env)
            if found == "absent":
                continue
            if isinstance(found, cst.BaseExpression):
                return self._known(found, env)
            raise self.source.error(holder.node, self._cannot_tell(setting))
        return None

    def _defaults(self, holder: Definition, env: Env, *, only_present: bool = False) -> None:
        arg = holder.keyword("default_args")
        if arg is None and holder.stars:
            raise self.source.error(
                holder.node, "`**` may hold default_args here; write default_args= as a keyword."
            )
        missing: dict[str, str] = {}
        wrong: list[tuple[Setting, cst.BaseExpression]] = []
        for setting in self.settings:
            found = lookup(arg.value if arg else None, setting.key, env)
            if found == "absent":
                if not only_present and not setting.meets_absent():
                    missing[setting.key] = setting.text(None, self.spelling)
            elif isinstance(found, cst.BaseExpression):
                if not setting.meets(self._known(found, env)):
                    wrong.append((setting, found))
            else:
                raise self.source.error(arg or holder.node, self._cannot_tell(setting))
        if not missing and not wrong:
            return
        container = self._container(holder, arg.value if arg else None, env)
        if container is None:
            current = {
                setting.key: setting.text(self._known(value, env), self.spelling) for setting, value in wrong
            }
            self._write_around(holder, arg, self._in_order(missing | current))
            return
        own = _direct_values(container)
        for setting, value in wrong:
            if value in own:
                self._replace(holder, value, setting, env)
            else:
                missing[setting.key] = setting.text(self._known(value, env), self.spelling)
        if missing:
            self._pending(container).added.update(self._in_order(missing))

    def _container(
        self, holder: Definition, expression: cst.BaseExpression | None, env: Env
    ) -> cst.Dict | cst.Call | None:
        """The dict that only this DAG's default_args are written in; None where there is none."""
        if expression is None:
            return None
        node = origin(expression, env)
        if isinstance(node, cst.BinaryOperation) and isinstance(node.right, cst.Dict):
            node = node.right
        if not isinstance(node, cst.Dict | cst.Call) or (
            isinstance(node, cst.Call) and self.source.code(node.func) != "dict"
        ):
            return None
        for other in self.dags.sites:
            if other is holder or not isinstance(holder, Site):
                continue
            theirs = other.keyword("default_args")
            if theirs is not None and any(
                _is_built_on(theirs.value, node, other_env) for other_env in self.dags.runs(other)
            ):
                return None
        return node

    def _in_order(self, texts: dict[str, str]) -> dict[str, str]:
        return {setting.key: texts[setting.key] for setting in self.settings if setting.key in texts}

    def _write_around(self, holder: Definition, arg: cst.Arg | None, values: dict[str, str]) -> None:
        pieces = [f"{self.source.string(key)}: {text}" for key, text in values.items()]
        if arg is not None:
            start, end = self.source.span(arg.value)
            pieces.insert(0, f"**{self.source.text[start:end]}")
            if arg.value.lpar:
                raise self.source.error(arg, "default_args stands in parentheses here; take them away.")
            before = self.source.text[self.source.line_start(start) : start].lstrip()
            self._loose.append(Splice(start, end, written_dict(self.source, pieces, start, before)))
        elif isinstance(holder.node, cst.Call):
            nested = self._nested_at(holder.node)
            text = written_dict(self.source, pieces, nested, "default_args=")
            self._pending(holder.node).added["default_args"] = text
        else:
            end = self.source.span(holder.node)[1]
            text = written_dict(self.source, pieces, end, "default_args=")
            self._loose.append(Splice(end, end, f"(default_args={text})"))

    def _nested_at(self, call: cst.Call) -> int:
        """An offset on the line whose indent a new last argument of the call will have."""
        return self.source.span(call.args[-1] if call.args else call)[0]

    def _replace(self, holder: Definition, value: cst.BaseExpression, setting: Setting, env: Env) -> None:
        runs = self.dags.environments.of(holder.function or holder.node)
        at = narrowest(self.dags, value, env, runs)
        text = setting.text(self._known(value, env), self.spelling)
        around = next((p for p in self.source.parents(at) if isinstance(p, cst.Call | cst.Dict)), None)
        if around is None:
            self._loose.append(Splice(*self.source.span(at), text))
        elif (at, text) not in self._pending(around).replaced:
            self._pending(around).replaced.append((at, text))

    def _known(self, value: cst.BaseExpression, env: Env) -> object:
        found = constant(value, env)
        if found is UNKNOWN:
            raise self.source.error(
                value,
                f"the value `{self.source.code(value)}` cannot be told from source; write it as a literal.",
            )
        return found

    def _cannot_tell(self, setting: Setting) -> str:
        return f"whether default_args hold {setting.key} cannot be told from source; write them as one dict literal."

    def _pending(self, container: cst.CSTNode) -> _Pending:
        return self._containers.setdefault(container, _Pending())


def _direct_values(container: cst.Dict | cst.Call) -> Iterable[cst.BaseExpression]:
    if isinstance(container, cst.Call):
        return [arg.value for arg in container.args]
    return [element.value for element in container.elements]


def _is_built_on(expression: cst.BaseExpression, node: cst.BaseExpression, env: Env) -> bool:
    found = origin(expression, env)
    if found is node:
        return True
    if isinstance(found, cst.Dict):
        return any(
            _is_built_on(element.value, node, env)
            for element in found.elements
            if isinstance(element, cst.StarredDictElement)
        )
    if isinstance(found, cst.BinaryOperation):
        return _is_built_on(found.left, node, env) or _is_built_on(found.right, node, env)
    if isinstance(found, cst.Call):
        inner = found.func.value if isinstance(found.func, cst.Attribute) else None
        parts = [*(arg.value for arg in found.args if arg.keyword is None), *([inner] if inner else [])]
        return any(_is_built_on(part, node, env) for part in parts)
    return False
