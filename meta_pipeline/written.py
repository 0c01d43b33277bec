"""What people write as YAML, read as a model: a mistake is one sentence with file, line and how to mend it."""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import count
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

M = TypeVar("M", bound=BaseModel)
_MOST_VALUES = 50_000


class MistakeError(ValueError):
    """What was written cannot be used; the text says where and how to mend it."""


def read_written(text: str, path: str, model: type[M], *, called: str, begin: str) -> M:
    """The text of the file `path` as `model`; raises `MistakeError`.

    What is `called` so begins with the line `begin`.
    """
    document = _mapping(text, path, called, begin)
    counted = count()
    values = _plain(document, counted)
    if next(counted) > _MOST_VALUES:
        raise MistakeError(f"{path}:1: its aliases unfold without end; write the values out.")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise MistakeError(_explain(document, error, path, model)) from error


def line_in(text: str, *location: int | str) -> int:
    """The line of a key in a file that can be read as YAML, or of what is above it where the key is not there."""
    return _line_of(YAML(typ="rt").load(text), location)


def _mapping(text: str, path: str, called: str, begin: str) -> CommentedMap:
    try:
        document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MistakeError(f"{path}:{line}: this is not YAML: {error.problem}; mend the line.") from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise MistakeError(
            f"{path}:{line}: this is not YAML: it holds a control character; remove it."
        ) from error
    except RecursionError as error:
        raise MistakeError(f"{path}:1: it is nested too deeply to be read; write it as init does.") from error
    except ValueError as error:
        raise MistakeError(f"{path}:1: a value cannot be read: {error}; put it in quotes.") from error
    if not isinstance(document, CommentedMap):
        raise MistakeError(f"{path}:1: {called} is a mapping of keys; begin with '{begin}'.")
    return document


def _plain(value: Any, counted: Iterator[int]) -> Any:
    """The value as dicts, lists and scalars; beyond the most values that are counted, None."""
    if next(counted) > _MOST_VALUES:
        return None
    if isinstance(value, CommentedMap):
        return {str(key): _plain(item, counted) for key, item in value.items()}
    if isinstance(value, CommentedSeq):
        return [_plain(item, counted) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _explain(document: CommentedMap, error: ValidationError, path: str, model: type[BaseModel]) -> str:
    """One sentence for each thing that is wrong."""
    sentences = []
    for problem in error.errors():
        location = tuple(problem["loc"])
        key = ".".join(map(str, location))
        where = f"{path}:{_line_of(document, location)}"
        if problem["type"] == "extra_forbidden":
            allowed = sorted(_fields_at(model, location[:-1]))
            near = get_close_matches(str(location[-1]), allowed, n=1)
            hint = f"write '{near[0]}'" if near else f"the keys here are {', '.join(allowed)}"
            sentences.append(f"{where}: unknown key '{key}'; {hint}.")
        else:
            sentences.append(f"{where}: '{key}' is wrong: {problem['msg'].removeprefix('Value error, ')}.")
    return " ".join(sentences)


def _line_of(document: CommentedMap, location: tuple[int | str, ...]) -> int:
    node: Any = document
    line = 1
    for part in location:
        if isinstance(node, CommentedMap) and part in node:
            line = node.lc.key(part)[0] + 1
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line = node.lc.item(part)[0] + 1
        else:
            break
        node = node[part]
    return line


def _fields_at(model: Any, location: tuple[int | str, ...]) -> set[str]:
    for part in location:
        if isinstance(part, str) and hasattr(model, "model_fields") and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation)
    return set(getattr(model, "model_fields", ()))


def _model_in(annotation: Any) -> Any:
    """The model inside `X | None`, `tuple[X, ...]` or `Mapping[str, X]`."""
    if hasattr(annotation, "model_fields"):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if hasattr(found, "model_fields"):
            return found
    return annotation
