"""Methods of plain values."""

from meta_pipeline.schedulers.source.assign import extend
from meta_pipeline.schedulers.source.files import call_path, text_of
from meta_pipeline.schedulers.source.library import (
    bounded,
    copied,
    format_template,
    get,
    is_plain,
)
from meta_pipeline.schedulers.source.limits import MAX_LENGTH
from meta_pipeline.schedulers.source.machine import Arguments, Machine, Site
from meta_pipeline.schedulers.source.values import (
    UNKNOWN,
    Class,
    External,
    Method,
    OpenFile,
    OpenList,
    SourcePath,
    Thing,
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
    """The value of `receiver.name(...)`; changes lists and dicts in place."""
    receiver, name = method.receiver, method.name
    match receiver:
        case Thing() | Class() | External():
            return machine.call_method(method, arguments, site)
        case str():
            return _text_method(receiver, name, arguments)
        case dict():
            return _dict_method(machine, receiver, name, arguments)
        case list():
            return _list_method(machine, receiver, name, arguments)
        case set() if name == "add" and arguments.positional and is_plain(arguments.positional[0]):
            receiver.add(arguments.positional[0])
            return None
        case SourcePath():
            return call_path(machine, receiver, name, arguments)
        case OpenFile() if name == "read":
            return text_of(machine, SourcePath(receiver.path))
    return UNKNOWN


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
