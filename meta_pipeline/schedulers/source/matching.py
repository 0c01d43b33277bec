"""Whether a value fits the pattern of a `case`, and the names that the pattern binds."""

import ast

from meta_pipeline.schedulers.source.machine import Machine
from meta_pipeline.schedulers.source.operations import compare
from meta_pipeline.schedulers.source.values import UNKNOWN, OpenList, Scope, is_open


def matched(machine: Machine, pattern: ast.pattern, subject: object, scope: Scope) -> bool | None:
    """Whether `subject` fits; None where that cannot be known, and the names are then unknown."""
    match pattern:
        case ast.MatchValue():
            return _known(compare(ast.Eq(), subject, machine.evaluate(pattern.value, scope)))
        case ast.MatchSingleton():
            return _known(compare(ast.Is(), subject, pattern.value))
        case ast.MatchOr():
            found = [matched(machine, part, subject, scope) for part in pattern.patterns]
            return True if True in found else None if None in found else False
        case ast.MatchAs():
            fits = True if pattern.pattern is None else matched(machine, pattern.pattern, subject, scope)
            if pattern.name is not None:
                scope.names[pattern.name] = subject if fits else UNKNOWN
            return fits
        case ast.MatchSequence() if isinstance(subject, (list, tuple)) and not isinstance(subject, OpenList):
            return _sequence(machine, pattern, list(subject), scope)
        case ast.MatchMapping() if (
            isinstance(subject, dict) and not is_open(subject) and pattern.rest is None
        ):
            keys = [machine.evaluate(key, scope) for key in pattern.keys]
            if not all(isinstance(key, (str, int)) for key in keys):
                _forget(pattern, scope)
                return None
            if not all(key in subject for key in keys):
                return False
            pairs = zip(pattern.patterns, keys, strict=True)
            return _all([matched(machine, part, subject[key], scope) for part, key in pairs])
    _forget(pattern, scope)
    return None


def _sequence(machine: Machine, pattern: ast.MatchSequence, items: list[object], scope: Scope) -> bool | None:
    if any(isinstance(part, ast.MatchStar) for part in pattern.patterns):
        _forget(pattern, scope)
        return None
    if len(items) != len(pattern.patterns):
        return False
    return _all([matched(machine, *pair, scope) for pair in zip(pattern.patterns, items, strict=True)])


def _all(found: list[bool | None]) -> bool | None:
    return False if False in found else None if None in found else True


def _known(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _forget(pattern: ast.pattern, scope: Scope) -> None:
    for part in ast.walk(pattern):
        name = getattr(part, "name", None) or getattr(part, "rest", None)
        if isinstance(name, str):
            scope.names[name] = UNKNOWN
