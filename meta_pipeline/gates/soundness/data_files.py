"""Files of settings and data that could be read and cannot be any more, and marks of a merge that nobody finished."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping

import yaml

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.soundness.judged import blamed, changed, holds_template, may_be_unreadable
from meta_pipeline.gates.weighing import Weighed, weighed

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONFLICT = re.compile(r"^(?:<{7}|>{7}) \S")
_WITH_CONFLICTS = (
    *(
        ".py",
        ".sql",
        ".yml",
        ".yaml",
        ".toml",
        ".json",
        ".cfg",
        ".ini",
        ".sh",
        ".txt",
        ".tf",
        ".csv",
        ".lock",
    ),
    *(".hql", ".j2", ".jinja", "Dockerfile", "Makefile"),
)

Fault = tuple[int, str]
"""The line (from 1) and what is wrong there."""


def data_file_faults(change: Change) -> Iterator[Weighed]:
    """Each file of YAML, TOML or JSON that cannot be read at head, and could be or was not there."""
    for file in changed(change, tuple(_FAULT_IN)):
        reader = next(read for ending, read in _FAULT_IN.items() if file.path.endswith(ending))
        new = file.new or b""
        if not new.strip() or (file.old is not None and reader(file.old) is not None):
            continue
        if file.old is None and (may_be_unreadable(file) or holds_template(new) or b"//" in new):
            continue
        if (fault := reader(new)) is not None:
            kind = file.path.rpartition(".")[2].upper().replace("YML", "YAML")
            yield weighed(
                "failed",
                f"this is no {kind} any more: {fault[1]}; whatever loads the file breaks"
                if file.old is not None
                else f"this is no {kind}: {fault[1]}; whatever loads the file breaks",
                f"mend the {kind}",
                path=file.path,
                line=blamed(file, fault[0]) if file.old is not None else fault[0],
            )


def conflict_faults(change: Change) -> Iterator[Weighed]:
    """Each file, of code or settings, that now holds the marks of a conflict."""
    for file in changed(change, _WITH_CONFLICTS):
        marked = [line for line in file.added if _CONFLICT.match(line.text)]
        if {line.text[0] for line in marked} == {"<", ">"}:
            yield weighed(
                "failed",
                "the marks of a merge conflict were committed: both versions stand in the file, and neither works",
                "choose one of the versions and take the marks out",
                path=file.path,
                line=marked[0].number,
            )


def _yaml_fault(data: bytes) -> Fault | None:
    try:
        for _ in yaml.parse(data.decode("utf-8", errors="replace"), Loader=_Loader):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return (mark.line + 1 if mark else 1), str(error.problem or error.context)
    except yaml.YAMLError as error:
        return 1, str(error).splitlines()[0]
    return None


def _toml_fault(data: bytes) -> Fault | None:
    try:
        tomllib.loads(data.decode("utf-8", errors="replace"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"line (\d+)", str(error))
        return (int(place[1]) if place else 1), re.sub(r"\s*\(at .*\)", "", str(error)).lower()
    return None


def _json_fault(data: bytes) -> Fault | None:
    try:
        json.loads(data)
    except json.JSONDecodeError as error:
        return error.lineno, error.msg.lower()
    except (UnicodeDecodeError, RecursionError) as error:
        return 1, str(error)
    return None


_FAULT_IN: Mapping[str, Callable[[bytes], Fault | None]] = {
    ".yml": _yaml_fault,
    ".yaml": _yaml_fault,
    ".toml": _toml_fault,
    ".json": _json_fault,
}
