"""What is said of a DAG file that cannot be understood: one sentence with its line; a part of `probe.py`."""

from __future__ import annotations

import ast
import os
import re
import traceback
import zipfile
from pathlib import Path
from typing import Any

Document = dict[str, Any]

FRAME = re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d+)')
EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Exit|Found|Warning|Timeout|Id)\b")
DUPLICATE = re.compile(r"Ignoring DAG (?P<id>.+?) from (?P<here>.+?) - also found in (?P<there>.+?)\.?$")
TIMEOUT = re.compile(r"DagBag import timeout for .+ after (?P<seconds>[\d.]+)s")
ENDERS = {"_exit", "abort", "kill", "killpg"}


def relative(path: str) -> str:
    return Path(os.path.relpath(Path(path).resolve(), Path.cwd().resolve())).as_posix()


def error(path: str, line: int | None, message: str) -> Document:
    """Paths are told from the root of the checkout, whose own place is nobody's business."""
    here = str(Path.cwd()).rstrip("/") + "/"
    return {"path": path, "line": line, "message": message.replace(here, ""), "opaque": False}


def import_error(path: str, text: str) -> Document:
    """The line is the last one that the traceback names in the file itself."""
    where = relative(path)
    said = last_words(text)
    twice = DUPLICATE.search(said)
    if twice is not None:
        return duplicate(twice["id"], relative(twice["here"]), relative(twice["there"]))
    return error(where, line_in(where, text), said)


def raised(path: str, fault: BaseException) -> Document:
    """What a file raised past Airflow's own care, such as `SystemExit`."""
    text = "".join(traceback.format_exception(type(fault), fault, fault.__traceback__))
    if isinstance(fault, SystemExit):
        text += f"SystemExit: {fault.code}"
    return error(relative(path), line_in(relative(path), text), last_words(text))


def ended(path: str, told: str) -> Document:
    """A file that ended the process, or was ended; `told` is how, and a trace where there is one."""
    how, _, trace = told.partition("\n")
    where = relative(path)
    line = line_in(where, trace)
    if how == "no time":
        message = (
            "there was no time left to import this file: those before it took all of it; "
            "mend the slow ones, or raise limits.seconds"
        )
    elif how == "late":
        message = (
            "the import of this file goes on without end, and takes no notice of Airflow's own limit; mend it"
        )
    else:
        status = how.replace("exit ", "exit status ")
        message = f"the import of this file ends the whole process ({status}); remove the call that ends it"
        line = line or ending_line(path)
    return error(where, line, message)


def loop(link: Path) -> Document:
    """A link that Airflow's walk over a folder would follow for ever."""
    message = (
        f"this link leads back to {relative(str(link))}: of a folder with such a loop Airflow reads no DAG at all; "
        "remove the link"
    )
    return error(os.path.relpath(link, Path.cwd()), 1, message)


def too_long(seconds: str) -> str:
    return (
        f"the import took longer than {float(seconds):g} s, Airflow's limit (core.dagbag_import_timeout); "
        "move slow work into the tasks"
    )


def duplicate(dag_id: str, path: str, first: str) -> Document:
    """Two DAGs of one id: the second one's place, and in the message that of the first."""
    first_lines, lines = id_lines(first, dag_id), id_lines(path, dag_id)
    line = lines[-1] if lines else None
    other = first_lines[0] if first_lines else None
    there = first if other is None else f"{first}:{other}"
    return error(path, line, f"the DAG id '{dag_id}' is taken by {there}; give one of them another id")


def last_words(text: str) -> str:
    """The line of a traceback that names the exception; what is below it is its longer explanation."""
    late = TIMEOUT.search(text)
    if late is not None:
        return too_long(late["seconds"])
    said = [line.rstrip() for line in text.splitlines() if line.strip()]
    named = [line for line in said if EXCEPTION.match(line)]
    return (named or said or ["unknown error"])[-1].strip()


def line_in(where: str, text: str) -> int | None:
    lines = [int(found["line"]) for found in FRAME.finditer(text) if relative(found["path"]) == where]
    return lines[-1] if lines else None


def parsed(path: str) -> ast.Module | None:
    """The file, or the file in an archive, as a tree."""
    try:
        if not Path(path).is_file():
            archive, _, name = path.rpartition(".zip/")
            with zipfile.ZipFile(f"{archive}.zip") as held:
                return ast.parse(held.read(name))
        return ast.parse(Path(path).read_bytes())
    except (OSError, ValueError, SyntaxError, KeyError, RecursionError, MemoryError, zipfile.BadZipFile):
        return None


def id_lines(path: str, dag_id: str) -> list[int]:
    """The lines in which an id is written: as a text, or as the name of a function that makes the DAG."""
    tree = parsed(path)
    if tree is None:
        return []
    return sorted(
        {
            one.lineno
            for one in ast.walk(tree)
            if (isinstance(one, ast.Constant) and one.value == dag_id)
            or (isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and one.name == dag_id)
        }
    )


def ending_line(path: str) -> int | None:
    """The first line that calls what ends a process; no traceback is left of it."""
    tree = parsed(path)
    if tree is None:
        return None
    names = (
        (one.lineno, getattr(one.func, "attr", getattr(one.func, "id", None)))
        for one in ast.walk(tree)
        if isinstance(one, ast.Call)
    )
    return min((line for line, name in names if name in ENDERS), default=None)
