"""The environments in which a piece of a Python file runs: loops over literals and calls of a factory unrolled."""

from functools import cached_property

import libcst as cst

from meta_pipeline.authors.recipes.bindings import bindings, loop_bindings
from meta_pipeline.authors.recipes.python_source import PythonSource, dotted
from meta_pipeline.authors.recipes.values import Env, lookup, origin

_DEEPEST = 4
_MOST = 500


class Environments:
    """What names mean at any node of one file."""

    def __init__(self, source: PythonSource) -> None:
        self.source = source
        self._known: dict[cst.CSTNode, list[Env]] = {}

    @cached_property
    def _module(self) -> Env:
        return bindings(self.source.module)

    @cached_property
    def _calls(self) -> dict[str, list[cst.Call]]:
        found: dict[str, list[cst.Call]] = {}
        for call in self.source.all(cst.Call):
            name = dotted(call.func)
            if len(name) == 1:
                found.setdefault(name[0], []).append(call)
        return found

    def of(self, node: cst.CSTNode, depth: int = 0) -> list[Env]:
        """At least one environment; names that a loop or call binds to something unknown are left out."""
        if depth == 0 and node in self._known:
            return self._known[node]
        around = [p for p in self.source.parents(node) if isinstance(p, cst.For | cst.FunctionDef)]
        envs: list[Env] = [self._module]
        for construct in reversed(around):
            inside: list[Env] = []
            for env in envs:
                if isinstance(construct, cst.For):
                    inside += self._of_loop(construct, env)
                else:
                    inside += self._of_function(construct, env, depth)
            envs = inside[:_MOST]
        if depth == 0:
            self._known[node] = envs
        return envs

    def _of_loop(self, loop: cst.For, env: Env) -> list[Env]:
        rounds: list[Env] = [{**env, **bound} for bound in loop_bindings(loop, env)]
        return rounds or [env]

    def _of_function(self, function: cst.FunctionDef, env: Env, depth: int) -> list[Env]:
        parameters = _parameters(function)
        hidden = {name: value for name, value in env.items() if name not in parameters}
        local = bindings(function.body)
        calls = (
            self._calls.get(function.name.value, []) if depth < _DEEPEST and not function.decorators else []
        )
        envs: list[Env] = []
        for call in calls:
            for caller in self.of(call, depth + 1):
                # Arguments are followed in the caller's names, whose own meanings the function does not see.
                given = _arguments(function, call, caller)
                envs.append({**hidden, **given, **{n: v for n, v in local.items() if n not in given}})
        return envs or [{**hidden, **local}]


def _parameters(function: cst.FunctionDef) -> list[str]:
    declared = function.params
    return [p.name.value for p in (*declared.posonly_params, *declared.params, *declared.kwonly_params)]


def _arguments(function: cst.FunctionDef, call: cst.Call, caller: Env) -> dict[str, cst.BaseExpression]:
    declared = function.params
    ordered = [p.name.value for p in (*declared.posonly_params, *declared.params)]
    given: dict[str, cst.BaseExpression] = {}
    taken = 0
    starred: cst.BaseExpression | None = None
    for arg in call.args:
        if arg.star == "**":
            starred = arg.value
        elif arg.star:
            return {}
        elif arg.keyword is not None:
            given[arg.keyword.value] = arg.value
        elif taken < len(ordered):
            given[ordered[taken]] = arg.value
            taken += 1
    for parameter in (*declared.posonly_params, *declared.params, *declared.kwonly_params):
        name = parameter.name.value
        if name in given:
            continue
        found = lookup(starred, name, caller)
        if isinstance(found, cst.BaseExpression):
            given[name] = found
        elif found == "absent" and parameter.default is not None:
            given[name] = parameter.default
    followed = {name: origin(value, caller) for name, value in given.items()}
    return {name: value for name, value in followed.items() if value is not None}
