"""Methods of tasks, groups, DAGs and plain values."""

from meta_pipeline.schedulers.airflow.static import edges, taskflow
from meta_pipeline.schedulers.airflow.static.assign import extend
from meta_pipeline.schedulers.airflow.static.library import (
    bounded,
    copied,
    format_template,
    get,
    is_plain,
)
from meta_pipeline.schedulers.airflow.static.limits import MAX_LENGTH
from meta_pipeline.schedulers.airflow.static.machine import Arguments, Machine, Site
from meta_pipeline.schedulers.airflow.static.values import (
    UNKNOWN,
    Class,
    Dag,
    External,
    Factory,
    Group,
    Method,
    OpenList,
    Output,
    SourceFile,
    Task,
    is_open,
)

_TEXT_METHODS = frozenset(
    (
        *("lower", "upper", "title", "capitalize", "casefold", "swapcase", "isdigit", "isalpha"),
        *("strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "startswith", "endswith"),
        *("split", "rsplit", "partition", "rpartition", "splitlines", "count", "find", "index"),
    )
)


def call_method(machine: Machine, method: Method, arguments: Arguments, site: Site) -> object:
    """The value of `receiver.name(...)`; changes lists, dicts and edges in place."""
    receiver, name = method.receiver, method.name
    match receiver:
        case Factory():
            return _factory_method(machine, receiver, name, arguments, site)
        case Class() | External():
            return taskflow.partial_operator(receiver, arguments) if name == "partial" else UNKNOWN
        case Task() | Group() | Output() | Dag():
            return _node_method(receiver, name, arguments)
        case str():
            return _text_method(receiver, name, arguments)
        case dict():
            return _dict_method(machine, receiver, name, arguments)
        case list():
            return _list_method(machine, receiver, name, arguments)
        case set() if name == "add" and arguments.positional and is_plain(arguments.positional[0]):
            receiver.add(arguments.positional[0])
            return None
        case SourceFile() if name in ("resolve", "absolute"):
            return receiver
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


def _node_method(receiver: Task | Group | Output | Dag, name: str, arguments: Arguments) -> object:
    match name:
        case "set_upstream":
            edges.link(arguments.positional, receiver)
            return None
        case "set_downstream":
            edges.link(receiver, arguments.positional)
            return None
        case "as_setup" | "as_teardown" if isinstance(receiver, (Task, Output)):
            return _mark(receiver, name.removeprefix("as_"), arguments)
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


def _mark(receiver: Task | Output, role: str, arguments: Arguments) -> object:
    """`as_setup()` and `as_teardown(setups=...)`; a teardown waits for its setups."""
    for task in receiver.tasks if isinstance(receiver, Output) else (receiver,):
        task.role = role
    setups = arguments.named.get("setups")
    for setup in edges.flat(setups):
        for one in setup.tasks if isinstance(setup, Output) else (setup,):
            if isinstance(one, Task):
                one.role = "setup"
    edges.link(setups, receiver)
    return receiver


def _text_method(receiver: str, name: str, arguments: Arguments) -> object:
    values = arguments.positional
    if arguments.open:
        return UNKNOWN
    if name == "format":
        return format_template(receiver, values, arguments.named)
    if name == "join" and len(values) == 1:
        parts = list(values[0]) if isinstance(values[0], (list, tuple, set, dict)) else [UNKNOWN]
        texts = [part for part in parts if isinstance(part, str)]
        if len(texts) != len(parts) or isinstance(values[0], (OpenList, set)):
            return UNKNOWN
        long = sum(map(len, texts)) + len(receiver) * len(texts) > MAX_LENGTH
        return UNKNOWN if long else receiver.join(texts)
    if name == "replace" and len(values) == 2:
        old, new = values
        if (
            isinstance(old, str)
            and isinstance(new, str)
            and (len(receiver) + 1) * (len(new) + 1) <= MAX_LENGTH
        ):
            return receiver.replace(old, new)
    if (
        name in _TEXT_METHODS
        and all(isinstance(value, (str, int)) for value in values)
        and not arguments.named
    ):
        try:
            return bounded(getattr(receiver, name)(*values))
        except (TypeError, ValueError):
            return UNKNOWN
    return UNKNOWN


def _dict_method(machine: Machine, receiver: dict[object, object], name: str, arguments: Arguments) -> object:
    values = arguments.positional
    match name, values:
        case "get", [key]:
            return get(receiver, key, None)
        case "get", [key, default]:
            return get(receiver, key, default)
        case "pop", [key, *_]:
            found = get(receiver, key, values[1] if len(values) > 1 else UNKNOWN)
            if machine.uncertain:
                receiver[UNKNOWN] = UNKNOWN
            elif is_plain(key):
                receiver.pop(key, None)
            return found
        case "setdefault", [key, default] if is_plain(key):
            return receiver.setdefault(key, UNKNOWN if is_open(receiver) or machine.uncertain else default)
        case "items", []:
            return OpenList(receiver.items()) if is_open(receiver) else list(receiver.items())
        case "keys", []:
            return OpenList(receiver) if is_open(receiver) else list(receiver)
        case "values", []:
            return OpenList(receiver.values()) if is_open(receiver) else list(receiver.values())
        case "copy", []:
            return dict(receiver)
        case "update", _:
            _update(machine, receiver, arguments)
            return None
    if name in ("clear", "popitem"):
        receiver[UNKNOWN] = UNKNOWN
    return UNKNOWN


def _update(machine: Machine, receiver: dict[object, object], arguments: Arguments) -> None:
    news: dict[object, object] = dict(arguments.named)
    for value in arguments.positional:
        if isinstance(value, dict):
            news = {**value, **news}
        else:
            news = {**dict.fromkeys(receiver, UNKNOWN), UNKNOWN: UNKNOWN, **news}
    receiver.update(dict.fromkeys(news, UNKNOWN) if machine.uncertain else news)
    if arguments.open:
        receiver.update(dict.fromkeys([*receiver, UNKNOWN], UNKNOWN))


def _list_method(machine: Machine, receiver: list[object], name: str, arguments: Arguments) -> object:
    match name, arguments.positional:
        case "append", [item]:
            receiver.append(item)
            return None
        case "extend", [items]:
            extend(machine, receiver, items)
            return None
        case "insert", [int() as place, item]:
            receiver.insert(place, item)
            return None
        case "pop", [] if receiver and not machine.uncertain:
            return receiver.pop()
        case "pop", [int() as place] if not machine.uncertain and -len(receiver) <= place < len(receiver):
            return receiver.pop(place)
        case "copy", []:
            return copied(receiver, 1)
        case ("reverse", []):
            receiver.reverse()
            return None
    return UNKNOWN
