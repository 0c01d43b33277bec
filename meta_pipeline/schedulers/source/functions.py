"""Known functions from outside the repository that only compute."""

import ast
import posixpath
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import combinations, pairwise, permutations, product

from meta_pipeline.schedulers.source import files
from meta_pipeline.schedulers.source.dates import DATE_FUNCTIONS
from meta_pipeline.schedulers.source.expressions import rounds
from meta_pipeline.schedulers.source.library import bounded, copied, is_plain, text
from meta_pipeline.schedulers.source.limits import MAX_LENGTH
from meta_pipeline.schedulers.source.machine import Arguments, Machine, Site
from meta_pipeline.schedulers.source.operations import binary, truth
from meta_pipeline.schedulers.source.values import (
    UNKNOWN,
    Class,
    External,
    FreshDefault,
    Function,
    OpenList,
    Partial,
    Scope,
    SourcePath,
    opened,
)

_WRAPPERS = ("functools.wraps", "functools.lru_cache")
_MANAGERS = ("contextlib.contextmanager", "contextlib.asynccontextmanager")
_UNCHANGED = (
    "builtins.unchanged",
    "builtins.property",
    "builtins.staticmethod",
    "builtins.classmethod",
    "functools.cache",
    "functools.cached_property",
)


def call_known(machine: Machine, external: External, arguments: Arguments, site: Site) -> object:
    """The value of a known function of Python or a date library; `UNKNOWN` for all others."""
    if external.name in DATE_FUNCTIONS:
        return DATE_FUNCTIONS[external.name](arguments)
    if external.name in _UNCHANGED and len(arguments.positional) == 1:
        return arguments.positional[0]
    if external.name in _MANAGERS and len(arguments.positional) == 1:
        function = arguments.positional[0]
        return replace(function, manager=True) if isinstance(function, Function) else UNKNOWN
    if external.name in _WRAPPERS:
        return External("builtins.unchanged")
    if arguments.open:
        return UNKNOWN
    values = arguments.positional
    of_file = files.call_function(machine, external.name, values)
    if of_file is not None:
        return of_file
    match external.name, values:
        case "builtins.getattr", [value, str() as name, *_]:
            return machine.member(value, name)
        case "functools.partial", [callee, *rest]:
            return Partial(callee, tuple(rest), dict(arguments.named))
        case "builtins.map", [function, items]:
            found, complete = _listed(items)
            results = [machine.call(function, Arguments([item]), site) for item in found]
            return results if complete else OpenList(results)
        case "builtins.filter", [function, items]:
            return _filtered(machine, function, items, site)
        case "builtins.sorted", [items]:
            return _sorted(machine, items, arguments.named, site)
        case (("builtins.dict" | "collections.OrderedDict"), _):
            return _dict(values, arguments.named)
        case "builtins.isinstance", [value, kinds]:
            return _is_instance(value, kinds)
        case "typing.cast", [_, value]:
            return value
        case (("os.environ.get" | "os.getenv"), [str() as name, *_]) if name in machine.environment:
            return machine.environment[name]
        case (("os.environ.get" | "os.getenv"), [str() as name, *rest]) if _is_free(name):
            # What the code itself says for where nobody set it.
            return next(iter(rest), arguments.named.get("default", UNKNOWN))
        case "dataclasses.field", []:
            return arguments.named.get(
                "default", FreshDefault(arguments.named.get("default_factory", UNKNOWN))
            )
        case (("pathlib.Path" | "pathlib.PurePath"), [str() as start, *parts]) if _all_text(parts):
            return posixpath.join(start, *map(str, parts))
        case "functools.reduce", [function, items, *start]:
            return (
                _reduced(machine, function, [*start, *_listed(items)[0]], site)
                if _listed(items)[1]
                else UNKNOWN
            )
        case "collections.namedtuple", [str() as name, fields]:
            return _named_tuple(name, fields, site)
        case "os.path.basename", [str() as path]:
            return posixpath.basename(path)
        case "os.path.splitext", [str() as path]:
            return posixpath.splitext(path)
        case "os.path.join", [str(), *_] if all(isinstance(value, str) for value in values):
            return posixpath.join(*map(str, values))
    handler = _FUNCTIONS.get(external.name)
    if handler is None or arguments.named:
        return UNKNOWN
    try:
        return bounded(handler(*values))
    except (TypeError, ValueError, ArithmeticError):
        return UNKNOWN


_SET_BY_SYSTEM = frozenset(
    ("HOME", "HOSTNAME", "LANG", "LOGNAME", "PATH", "PWD", "PYTHONPATH", "SHELL", "TMPDIR", "USER")
)


def _is_free(name: str) -> bool:
    """Whether nobody but the operator of the scheduler sets this variable."""
    return name not in _SET_BY_SYSTEM and not name.startswith("AIRFLOW_")


def _all_text(values: list[object]) -> bool:
    return all(isinstance(value, str) for value in values)


_KINDS: dict[str, type] = {
    f"builtins.{kind.__name__}": kind for kind in (str, int, float, bool, bytes, list, dict, tuple, set)
}


def _is_instance(value: object, kinds: object) -> object:
    wanted = kinds if isinstance(kinds, tuple) else (kinds,)
    known = [_KINDS[kind.name] for kind in wanted if isinstance(kind, External) and kind.name in _KINDS]
    if len(known) != len(wanted) or not isinstance(value, (*_KINDS.values(), type(None))):
        return UNKNOWN
    return isinstance(value, tuple(known))


def _reduced(machine: Machine, function: object, items: list[object], site: Site) -> object:
    result: object = items[0] if items else UNKNOWN
    for item in items[1:]:
        result = machine.call(function, Arguments([result, item]), site)
    return result


def _named_tuple(name: str, fields: object, site: Site) -> object:
    names = fields.replace(",", " ").split() if isinstance(fields, str) else fields
    if not isinstance(names, (list, tuple)) or not all(isinstance(field, str) for field in names):
        return UNKNOWN
    return Class(name, Scope(site.path), (External("typing.NamedTuple"),), tuple(map(str, names)))


def _listed(value: object) -> tuple[list[object], bool]:
    """The elements of `value`, and whether they are all."""
    items, complete = rounds(value)
    if isinstance(items, range) and len(items) > MAX_LENGTH:
        return [UNKNOWN], False
    return list(items), complete


def _list(value: object = ()) -> object:
    items, complete = _listed(value)
    return items if complete else OpenList(items)


def _tuple(value: object = ()) -> object:
    items, complete = _listed(value)
    return tuple(items) if complete else OpenList(items)


def _set(value: object = ()) -> object:
    items, complete = _listed(value)
    return set(items) if complete and all(map(is_plain, items)) else OpenList(items)


def _dict(values: list[object], named: dict[object, object]) -> object:
    found: dict[object, object] = {}
    for value in values:
        if isinstance(value, dict):
            found.update(value)
            continue
        items, complete = _listed(value)
        for item in items:
            if isinstance(item, (tuple, list)) and len(item) == 2 and is_plain(item[0]):
                found[item[0]] = item[1]
            else:
                complete = False
        if not complete:
            found = opened(found)
    return {**found, **named}


def _length(value: object) -> object:
    if isinstance(value, OpenList) or (isinstance(value, dict) and UNKNOWN in value):
        return UNKNOWN
    return len(value) if isinstance(value, (str, list, tuple, dict, set, range)) else UNKNOWN


def _enumerated(value: object, start: object = 0) -> object:
    items, complete = _listed(value)
    pairs = [
        (number + start if isinstance(start, int) else UNKNOWN, item) for number, item in enumerate(items)
    ]
    return pairs if complete else OpenList(pairs)


def _zipped(*values: object) -> object:
    columns = [_listed(value) for value in values]
    pairs = list(zip(*(items for items, _ in columns), strict=False))
    return pairs if all(complete for _, complete in columns) else OpenList(pairs)


def _sorted(machine: Machine, value: object, named: dict[object, object], site: Site) -> object:
    """`sorted(items, key=..., reverse=...)`."""
    items, complete = _listed(value)
    key, reverse = named.get("key"), named.get("reverse", False)
    keys = [machine.call(key, Arguments([item]), site) for item in items] if key else items
    firsts = [one[0] for one in keys if isinstance(one, tuple) and one and is_plain(one[0])]
    if len(firsts) == len(keys) == len(set(firsts)):
        # Pairs whose first parts all differ are in the order of these, whatever comes after them.
        keys = firsts
    known = all(is_plain(one) or isinstance(one, SourcePath) for one in keys)
    if not complete or not known or not isinstance(reverse, bool):
        return UNKNOWN
    try:
        places = sorted(range(len(items)), key=lambda place: keys[place], reverse=reverse)  # type: ignore[arg-type,return-value]
    except TypeError:
        return UNKNOWN
    return [items[place] for place in places]


def _filtered(machine: Machine, function: object, value: object, site: Site) -> object:
    items, complete = _listed(value)
    kept = [
        truth(item if function is None else machine.call(function, Arguments([item]), site)) for item in items
    ]
    if not complete or None in kept:
        return UNKNOWN
    return [item for item, keep in zip(items, kept, strict=True) if keep]


def _reversed(value: object) -> object:
    items, complete = _listed(value)
    return items[::-1] if complete else UNKNOWN


def _range(*bounds: object) -> object:
    whole = [bound for bound in bounds if isinstance(bound, int)]
    return range(*whole) if len(whole) == len(bounds) else UNKNOWN


def _number(kind: Callable[[str | float], object]) -> Callable[[object], object]:
    return lambda value: (
        kind(value) if isinstance(value, (str, int, float)) and len(str(value)) < 400 else UNKNOWN
    )


def _extreme(kind: Callable[[list[object]], object]) -> Callable[..., object]:
    def handler(*values: object) -> object:
        items, complete = _listed(values[0] if len(values) == 1 else list(values))
        return kind(items) if complete and items and all(map(is_plain, items)) else UNKNOWN

    return handler


def _product(*values: object) -> object:
    columns = [_listed(value) for value in values]
    size = 1
    for items, complete in columns:
        size *= len(items) if complete else MAX_LENGTH + 1
    return list(product(*(items for items, _ in columns))) if size <= MAX_LENGTH else UNKNOWN


def _chosen(kind: Callable[..., Iterable[object]]) -> Callable[[object, object], object]:
    def handler(value: object, count: object) -> object:
        items, complete = _listed(value)
        if not complete or not isinstance(count, int) or len(items) ** max(count, 0) > MAX_LENGTH:
            return UNKNOWN
        return list(kind(items, count))

    return handler


def _chained(*values: object) -> object:
    columns = [_listed(value) for value in values]
    items = [item for found, _ in columns for item in found]
    return items if all(complete for _, complete in columns) else OpenList(items)


def _quantified(kind: Callable[[list[bool]], bool], decisive: bool) -> Callable[[object], object]:
    def handler(value: object) -> object:
        items, complete = _listed(value)
        known = [truth(item) for item in items]
        if decisive in known:
            return decisive
        return kind([bool(one) for one in known]) if complete and None not in known else UNKNOWN

    return handler


def _bool(value: object = False) -> object:
    known = truth(value)
    return UNKNOWN if known is None else known


_FUNCTIONS: dict[str, Callable[..., object]] = {
    "builtins.list": _list,
    "builtins.tuple": _tuple,
    "builtins.set": _set,
    "builtins.frozenset": _set,
    "builtins.len": _length,
    "builtins.enumerate": _enumerated,
    "builtins.zip": _zipped,
    "builtins.reversed": _reversed,
    "builtins.range": _range,
    "builtins.str": text,
    "builtins.bool": _bool,
    "builtins.any": _quantified(any, decisive=True),
    "builtins.all": _quantified(all, decisive=False),
    "builtins.int": _number(int),
    "builtins.float": _number(float),
    "builtins.min": _extreme(min),  # type: ignore[arg-type]  # a TypeError of mixed kinds is caught above
    "builtins.max": _extreme(max),  # type: ignore[arg-type]
    "builtins.sum": _extreme(sum),  # type: ignore[arg-type]
    "itertools.product": _product,
    "itertools.combinations": _chosen(combinations),
    "itertools.permutations": _chosen(permutations),
    "itertools.pairwise": lambda value: list(pairwise(_listed(value)[0])) if _listed(value)[1] else UNKNOWN,
    # As long as anything that it is zipped with.
    "itertools.count": lambda start=0: (
        range(start, start + MAX_LENGTH) if isinstance(start, int) else UNKNOWN
    ),
    "itertools.chain": _chained,
    "itertools.chain.from_iterable": lambda values: _chained(*_listed(values)[0]),
    "operator.add": lambda one, other: binary(ast.Add(), one, other),
    "operator.iadd": lambda one, other: binary(ast.Add(), one, other),
    "operator.or_": lambda one, other: binary(ast.BitOr(), one, other),
    "copy.copy": lambda value: copied(value, 1),
    "copy.deepcopy": copied,
}
