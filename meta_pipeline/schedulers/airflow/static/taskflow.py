"""The decorators `@dag`, `@task`, `@task_group`, `@setup`, `@teardown` and `@asset`, and mapped operators."""

import ast
from collections.abc import Mapping
from dataclasses import replace

from meta_pipeline.schedulers.airflow.static import edges
from meta_pipeline.schedulers.airflow.static.constructs import (
    inherited,
    keywords,
    make_dag,
    make_group,
    new_task,
    place,
)
from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.values import Asset, Decorator, Factory, Output
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Class, External, Function

_NO_ASSETS = ("self", "context", "outlet_events")


def decorator_of(role: str, external: External, arguments: Mapping[object, object]) -> Decorator:
    name = external.name.rpartition(".task.")[2] if role == "task" and ".task." in external.name else ""
    return Decorator(role, f"@task.{name}" if name else f"@{role}", arguments)


def decorate(machine: Machine, decorator: Decorator, target: object, site: Site) -> object:
    """`target` under `decorator`."""
    if decorator.role in ("setup", "teardown"):
        named = {**decorator.arguments, "<role>": decorator.role}
        if isinstance(target, Factory):
            return override(target, Arguments([], named))
        return Factory(Decorator("task", "@task", named), target)
    if decorator.role == "asset":
        return _asset_dag(machine, decorator, target, site)
    return Factory(decorator, target) if isinstance(target, Function) else UNKNOWN


def _asset_dag(machine: Machine, decorator: Decorator, target: object, site: Site) -> object:
    """`@asset` makes a DAG of one task, both named after the function."""
    if not isinstance(target, Function):
        return UNKNOWN
    name = decorator.arguments.get("name") or target.name
    dag_id = decorator.arguments.get("dag_id") or name
    dag = make_dag(machine, {**decorator.arguments, "dag_id": dag_id}, site)
    dag.registered = True
    with machine.in_dag(dag):
        # Parameters without a default are the assets that it reads.
        reads = [Asset(parameter) for parameter in _parameters(target.node) - {*_NO_ASSETS, *target.defaults}]
        writes = decorator.arguments.get("outlets") or [Asset(name)]
        place(machine, new_task("@asset", {"task_id": name, "inlets": reads, "outlets": writes}, site))
    return Asset(name)


def apply(machine: Machine, factory: Factory, arguments: Arguments, site: Site) -> object:
    """Call a decorated function or a partial operator."""
    decorator, function = factory.decorator, factory.made_from
    if isinstance(function, Function):
        if decorator.role == "dag":
            return _apply_dag(machine, decorator, function, site)
        if decorator.role == "task_group":
            inner = Arguments(arguments.positional, {**factory.partial, **arguments.named}, arguments.open)
            return _apply_group(machine, decorator, function, inner, site)
    named: dict[object, object] = {"task_id": function.name} if isinstance(function, Function) else {}
    named.update(decorator.arguments)
    role = named.pop("<role>", "work")
    # A task is where its function is written: that is where its retries and the like are given.
    made_at = Site(function.scope.path, function.line) if isinstance(function, Function) else site
    task = new_task(decorator.name, named, made_at)
    task.role = str(role)
    task.inherits = inherited(function)
    if factory.mapped:
        task.kind, task.mapped_over = "mapped_task", arguments.named
    placed = place(
        machine,
        task,
        suffixed=isinstance(function, Function),
        inputs=[arguments.positional, arguments.named, factory.partial],
    )
    return Output((placed,)) if isinstance(function, Function) else placed


def _apply_dag(machine: Machine, decorator: Decorator, function: Function, site: Site) -> object:
    made_at = Site(function.scope.path, function.line) if function.scope.path == machine.path else site
    dag = make_dag(machine, {"dag_id": function.name, **decorator.arguments}, made_at)
    dag.registered = True
    # Inside the function its parameters are DAG params, which get their values at run time.
    names = [*function.node.args.posonlyargs, *function.node.args.args, *function.node.args.kwonlyargs]
    with machine.in_dag(dag):
        machine.call_function(function, Arguments([], {name.arg: UNKNOWN for name in names}), site)
    return dag


def _apply_group(
    machine: Machine, decorator: Decorator, function: Function, arguments: Arguments, site: Site
) -> object:
    group = make_group(machine, {"group_id": function.name, **decorator.arguments}, site, suffixed=True)
    if group is None:
        return UNKNOWN
    with machine.in_group(group):
        result = machine.call_function(function, arguments, site)
    return group if result is None else result


def override(factory: Factory, arguments: Arguments) -> Factory:
    """`factory.override(...)`."""
    merged = {**factory.decorator.arguments, **keywords(arguments)}
    return replace(factory, decorator=replace(factory.decorator, arguments=merged))


def partial(factory: Factory, arguments: Arguments) -> Factory:
    """`factory.partial(...)`."""
    return replace(factory, partial={**factory.partial, **keywords(arguments)})


def expand(machine: Machine, factory: Factory, arguments: Arguments, site: Site) -> object:
    """`factory.expand(...)` and `factory.expand_kwargs(...)`: one node, whatever it is mapped over."""
    sources = tuple(dict.fromkeys(edges.outputs_in([arguments.positional, arguments.named])))
    function = factory.made_from
    if factory.decorator.role != "task_group" or not isinstance(function, Function):
        return apply(machine, replace(factory, mapped=True), arguments, site)
    # In a mapped group a parameter is one element of what the group is mapped over.
    handed: object = Output(sources) if sources else UNKNOWN
    names = arguments.named.keys() or _parameters(function.node) - factory.partial.keys()
    named: dict[object, object] = {**factory.partial, **dict.fromkeys(names, handed)}
    count = len(machine.dag.tasks) if machine.dag else 0
    result = _apply_group(machine, factory.decorator, function, Arguments([], named), site)
    dag = machine.dag
    if dag and sources:
        made = list(dag.tasks.values())[count:]
        for task in made:
            if not any(other in made for other in task.upstream):
                edges.link(machine, Output(sources), task)
    return result


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[object]:
    return {argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}


def partial_operator(kind: External | Class, arguments: Arguments) -> Factory:
    """`SomeOperator.partial(...)`."""
    name = kind.last if isinstance(kind, External) else kind.name
    return Factory(Decorator("task", name, keywords(arguments)), kind)
