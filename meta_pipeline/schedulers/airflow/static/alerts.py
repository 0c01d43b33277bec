"""The hooks by which a task or a DAG tells somebody how it went."""

import re
from collections.abc import Callable, Iterator

from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.schedulers.airflow.static.values import Dag, Factory, Notifier, Task
from meta_pipeline.schedulers.airflow.static.values_in_force import argument, effective
from meta_pipeline.schedulers.source.values import (
    UNKNOWN,
    Class,
    External,
    Function,
    Instance,
    Method,
    OpenList,
    Partial,
)

_TASK_HOOKS = ("on_failure_callback", "on_retry_callback")
_DAG_HOOKS = ("on_failure_callback",)
_SLA_HOOK = "sla_miss_callback"
_MAIL_HOOKS = ("email_on_failure", "email_on_retry")
_BETWEEN_ADDRESSES = re.compile(r"\s*[,;]\s*")


def task_alerts(task: Task) -> tuple[str, ...]:
    """The alerts of a task; mail goes out only where there is an address and the switch is on."""
    found = set(_called(_TASK_HOOKS, lambda name: effective(task, name, None)))
    addresses = tuple(_addresses(effective(task, "email", None)))
    for hook in _MAIL_HOOKS if addresses else ():
        wanted = effective(task, hook, True)
        if wanted:
            found |= {_alert(hook, address if wanted is not UNKNOWN else None) for address in addresses}
    return tuple(sorted(found))


def dag_alerts(dag: Dag, major: int | None) -> tuple[str, ...]:
    """The alerts of a whole run; Airflow 3 knows no service levels, so nobody is told of a miss."""
    hooks = _DAG_HOOKS if major is not None and major >= 3 else (*_DAG_HOOKS, _SLA_HOOK)
    return tuple(sorted(set(_called(hooks, lambda name: argument(dag, name, None)))))


def _called(hooks: tuple[str, ...], value_of: Callable[[str], object]) -> Iterator[str]:
    for hook in hooks:
        value = value_of(hook)
        if not value:
            continue
        for callback in value if isinstance(value, (list, tuple, set)) else (value,):
            yield _alert(hook, _name(callback))
        if isinstance(value, OpenList):
            yield UNRESOLVED


def _alert(hook: str, name: str | None) -> str:
    return UNRESOLVED if name is None else f"{hook}: {name}"


def _name(callback: object) -> str | None:
    """The name of what is called; None where it cannot be known."""
    match callback:
        case Partial():
            return _name(callback.callee)
        case Factory():
            return _name(callback.made_from)
        case Function() | Class() | Notifier() | Method():
            return callback.name
        case External():
            return callback.last
        case Instance():
            return callback.kind.name
    return None


def _addresses(value: object) -> Iterator[str | None]:
    """The addresses in a text with `,` or `;` between them, or in a list."""
    if isinstance(value, str):
        yield from filter(None, _BETWEEN_ADDRESSES.split(value.strip()))
    elif isinstance(value, (list, tuple, set)):
        yield from (address if isinstance(address, str) else None for address in value)
        if isinstance(value, OpenList):
            yield None
    elif value:
        yield None
