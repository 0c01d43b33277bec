"""Methods of tasks, groups, DAGs and factories."""

from meta_pipeline.schedulers.airflow.static import dag_factory, edges, taskflow
from meta_pipeline.schedulers.airflow.static.machine import Machine
from meta_pipeline.schedulers.airflow.static.values import Dag, Factory, Group, Output, Task, YamlFactory
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, Class, External, Method


def call_method(machine: Machine, method: Method, arguments: Arguments, site: Site) -> object:
    """The value of `receiver.name(...)`; changes edges in place."""
    receiver, name = method.receiver, method.name
    match receiver:
        case YamlFactory():
            return dag_factory.method(machine, receiver, name, site)
        case Factory():
            return _factory_method(machine, receiver, name, arguments, site)
        case Class() | External():
            return taskflow.partial_operator(receiver, arguments) if name == "partial" else UNKNOWN
        case Task() | Group() | Output() | Dag():
            return _node_method(machine, receiver, name, arguments)
    return UNKNOWN


def _factory_method(
    machine: Machine, factory: Factory, name: str, arguments: Arguments, site: Site
) -> object:
    match name:
        case "override":
            return taskflow.override(factory, arguments)
        case "partial":
            return taskflow.partial(factory, arguments)
        case "expand" | "expand_kwargs":
            return taskflow.expand(machine, factory, arguments, site)
    return UNKNOWN


def _node_method(
    machine: Machine, receiver: Task | Group | Output | Dag, name: str, arguments: Arguments
) -> object:
    match name:
        case "set_upstream":
            edges.link(machine, arguments.positional, receiver)
            return None
        case "set_downstream":
            edges.link(machine, receiver, arguments.positional)
            return None
        case "as_setup" | "as_teardown" if isinstance(receiver, (Task, Output)):
            return _mark(machine, receiver, name.removeprefix("as_"), arguments)
        case "map" | "filter" if isinstance(receiver, Output):
            return receiver
        case "zip" | "concat" if isinstance(receiver, Output):
            return Output((*receiver.tasks, *edges.outputs_in(arguments.positional)))
        case "add" if isinstance(receiver, Group):
            return arguments.positional[0] if arguments.positional else None
        case "get_task" if isinstance(receiver, Dag) and arguments.positional:
            return receiver.tasks.get(str(arguments.positional[0]), UNKNOWN)
        case "add_task" if isinstance(receiver, Dag):
            for task in arguments.positional:
                if isinstance(task, Task) and task.dag is None:
                    edges.adopt(receiver, task)
            return None
    return UNKNOWN


def _mark(machine: Machine, receiver: Task | Output, role: str, arguments: Arguments) -> object:
    """`as_setup()` and `as_teardown(setups=...)`; a teardown waits for its setups."""
    for task in receiver.tasks if isinstance(receiver, Output) else (receiver,):
        task.role = role
    setups = arguments.named.get("setups")
    for setup in edges.flat(setups):
        for one in setup.tasks if isinstance(setup, Output) else (setup,):
            if isinstance(one, Task):
                one.role = "setup"
    edges.link(machine, setups, receiver)
    return receiver
