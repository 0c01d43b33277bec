"""What Dagster itself makes of a checkout. Runs inside the target's environment, alone:

    python probe.py topology --folder DIR [--folder DIR ...] --output FILE
    python probe.py dry-run --folder DIR --job NAME [--job NAME ...] --logical-date 2026-01-05 --output FILE

Needs nothing but Dagster 1.7 or later and Python 3.9. Dagster is imported once, and each code location is loaded in a
fork of its own, as Dagster loads it in a process of its own. Paths in the output are relative to the current folder.
The output goes to FILE only, as the target's code may print. Exit 0 means that FILE is complete.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import re
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib import import_module, util
from pathlib import Path
from typing import Any

Document = dict[str, Any]

LOAD_SECONDS = 240
FATAL = "Fatal Python error"


def part(name: str) -> Any:
    """A script that stands beside this one; its folder is on no path, where the target's modules are looked for."""
    file = Path(__file__).absolute().with_name(f"{name}.py")
    spec = util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LOCATIONS = part("probe_locations")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("topology", "dry-run"):
        one = commands.add_parser(name)
        one.add_argument("--folder", action="append", default=[])
        one.add_argument("--output", required=True)
        one.add_argument("--load-seconds", type=float, default=LOAD_SECONDS, help="limit for each location")
        if name == "dry-run":
            one.add_argument("--job", action="append", required=True)
            one.add_argument("--logical-date", required=True)
            one.add_argument("--nodes", default="{}", help="the nodes to run of each job, as JSON; else all")
            one.add_argument("--seconds", type=int, default=0, help="limit for each job; 0 is none")
    options = parser.parse_args(arguments)
    import_dagster()
    if options.command == "topology":
        all_topologies(options)
    else:
        all_runs(options)


def write(path: Path, document: Document) -> None:
    """Put the document there in one move, so that a reader never meets half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(document, sort_keys=True), encoding="utf-8")
    part.replace(path)


def in_child(options: argparse.Namespace, location: Document, limit: float) -> tuple[Document | None, str]:
    """What the fork for one location wrote, and the last words of its output."""
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch) / "answer.json"
        failed, said = part("probe_child").in_fork(lambda: child(options, location, answer), limit)
        if failed and FATAL not in said:
            said += f"\n{failed}"
        try:
            return json.loads(answer.read_text(encoding="utf-8")), said
        except (OSError, ValueError):
            return None, said


def import_dagster() -> None:
    """Import it for all locations at once, and nothing of the checkout, which may be on PYTHONPATH."""
    held, given = list(sys.path), os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [entry for entry in held[1:] if entry not in given]
    try:
        for name in ("dagster", "dagster._core.workspace.autodiscovery"):
            import_module(name)
    except Exception:  # noqa: BLE001  each location says for itself what is missing or broken
        return
    finally:
        sys.path[:] = held


def last_words(text: str) -> str:
    said = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in said if line.startswith(FATAL)]
    return fatal[-1] if fatal else said[-1] if said else "it ended without a word"


def fatal_place(said: str, here: Path) -> tuple[str, int] | None:
    """Where in the checkout the interpreter was when it broke down, of which it leaves a trace."""
    for path, line in re.findall(r'^ *File "(.+)", line (\d+) in ', said.partition(FATAL)[2], re.MULTILINE):
        place = Path(os.path.realpath(path))
        if here.resolve() in place.parents and "site-packages" not in place.parts:
            return place.relative_to(here.resolve()).as_posix(), int(line)
    return None


def all_topologies(options: argparse.Namespace) -> None:
    found = LOCATIONS.locations(options.folder)
    documents = []
    roots = LOCATIONS.shown_roots(found)
    for number, location in enumerate(found):
        root = roots[number]
        document = None
        if not location.get("error"):
            # A little more, so that the process itself can say where it was held.
            document, said = in_child(options, location, options.load_seconds + 20)
            if document is None:
                location["error"] = f"the code location was not loaded: {last_words(said)}"
                place = fatal_place(said, Path.cwd())
                if place is not None:
                    location["declared"], location["line"] = place
        if document is None:
            place = location.get("declared") or location.get("file") or root
            line = location.get("line") or LOCATIONS.defining_line(place)
            error = {"path": place, "line": line, "message": location["error"]}
            document = {
                "scheduler": "dagster",
                "version": version(),
                "method": "runtime",
                "pipelines": [],
                "errors": [error],
            }
        documents.append({**document, "root": root})
    write(Path(options.output), {"topologies": documents})


def all_runs(options: argparse.Namespace) -> None:
    found = LOCATIONS.locations(options.folder)
    answers = []
    for location in found:
        if location.get("error"):
            continue
        limit = LOAD_SECONDS + len(options.job) * (options.seconds or 10 * LOAD_SECONDS) + 60
        document, said = in_child(options, location, limit)
        answers.append(document or {"runs": [], "errors": [last_words(said)]})
        runs = [together(job, answers) for job in options.job]
        complete = len(answers) == len(found)
        write(Path(options.output), {"runs": runs, "complete": complete})
    if not answers:
        write(
            Path(options.output), {"runs": [together(job, answers) for job in options.job], "complete": True}
        )


def together(job: str, answers: Sequence[Document]) -> Document:
    """The run of a job; one of the same name in several locations is run in each of them."""
    runs = [run for answer in answers for run in answer["runs"] if run["pipeline"] == job]
    if not runs:
        reasons = [text for answer in answers for text in answer["errors"]]
        text = "; not loaded: ".join(["no job has this name", *reasons[:3]])
        return {"pipeline": job, "succeeded": False, "seconds": 0.0, "nodes": [], "error": text}
    errors = [run["error"] for run in runs if run["error"]]
    return {
        "pipeline": job,
        "succeeded": all(run["succeeded"] for run in runs),
        "seconds": round(sum(run["seconds"] for run in runs), 3),
        "nodes": [node for run in runs for node in run["nodes"]],
        "error": "; ".join(errors) or None,
    }


class EndedByCode(BaseException):
    """The code of the target ends the process; no `except Exception` of it may hide that."""


def watched(here: Path, limit: float) -> None:
    """From here on the code can neither end this process nor hold it for longer than `limit` seconds unseen."""
    own, leave = os.getpid(), os._exit

    def exits(status: int = 0) -> None:
        if os.getpid() != own:  # a process that the code has forked may end itself
            leave(status)
        raise EndedByCode(f"os._exit({status}) ends the process that loads this file")

    def hangs(*_: object) -> None:
        raise EndedByCode(f"it takes longer than {limit:g} s to load")

    os._exit = exits  # type: ignore[assignment]
    signal.signal(signal.SIGALRM, hangs)
    signal.setitimer(signal.ITIMER_REAL, limit)
    faulthandler.enable()


def child(options: argparse.Namespace, location: Document, output: Path) -> None:
    """Load one location in this process, and write what is asked of it."""
    here = Path.cwd()
    leave = os._exit
    # The first entry is the folder of this script, which is nothing to the target.
    sys.path[:1] = [str(here / folder) for folder in LOCATIONS.searched(location)]
    os.chdir(here / location["cwd"])
    watched(here, options.load_seconds)
    try:
        repository = load(location, here)
        signal.setitimer(signal.ITIMER_REAL, 0)
        os._exit = leave
    except BaseException as fault:  # noqa: BLE001  the fault is the target's; it is the result
        error = load_error(fault, here, module_file_from(here, location))
        if options.command == "topology":
            document = {"pipelines": [], "errors": [error]}
            write(output, {"scheduler": "dagster", "version": version(), "method": "runtime", **document})
        else:
            write(output, {"runs": [], "errors": [f"{error['path']}: {error['message']}"]})
        return
    if options.command == "topology":
        described = part("probe_topology").describe(repository, here, module_file_from(here, location), part)
        write(output, {"scheduler": "dagster", "version": version(), "method": "runtime", **described})
    else:
        runs: list[Document] = []
        for job in options.job:
            nodes = json.loads(options.nodes).get(job)
            run = part("probe_run").run(repository, job, options.logical_date, options.seconds, nodes)
            # Written after each job: what ran is known even where a later one ends the process.
            runs += [run] if run else []
            write(output, {"runs": runs, "errors": []})


def module_file_from(here: Path, location: Document) -> str:
    held = Path.cwd()
    os.chdir(here)
    try:
        return location.get("file") or LOCATIONS.module_file(location) or location["root"] or "."
    finally:
        os.chdir(held)


def version() -> str:
    try:
        return str(import_module("dagster").__version__)
    except ImportError:
        return "not installed"


def load(location: Document, here: Path) -> Any:
    """The repository of a location, as `dagster dev` would load it."""
    autodiscovery = import_module("dagster._core.workspace.autodiscovery")
    reconstruct = import_module("dagster._core.definitions.reconstruct")
    home = str(here / location["root"])
    if location.get("file"):
        targets = autodiscovery.loadable_targets_from_python_file(str(here / location["file"]), home)
    elif module_file_from(here, location).endswith(".py") or not location.get("defs_module"):
        targets = autodiscovery.loadable_targets_from_python_module(location["module"], home)
    else:
        definitions = import_module("dagster.components").load_defs(
            import_module(location["defs_module"]), terminate_autoloading_on_keyword_files=False
        )
        return definitions.get_repository_def()
    repository = reconstruct.repository_def_from_target_def(targets[0].target_definition)
    if repository is None:
        raise ValueError("no Definitions are found in this module; assign them to a name")
    repository.get_all_jobs()
    return repository


def load_error(fault: BaseException, here: Path, default: str) -> Document:
    """The last place in the checkout that the traceback of the fault, or of what caused it, names."""
    place: tuple[str, int | None] = (default, LOCATIONS.defining_line(str(here / default)))
    deepest: BaseException = fault
    while deepest.__cause__ or (deepest.__context__ and not deepest.__suppress_context__):
        deepest = deepest.__cause__ or deepest.__context__  # type: ignore[assignment]  # one of them is there
    for one in (fault, deepest):
        for frame in traceback.extract_tb(one.__traceback__):
            path = Path(os.path.realpath(frame.filename))
            inside = here.resolve() in path.parents and "site-packages" not in path.parts
            if inside and path != Path(__file__).resolve():
                place = (path.relative_to(here.resolve()).as_posix(), frame.lineno)
        if isinstance(one, SyntaxError) and one.filename:
            path = Path(os.path.realpath(one.filename))
            if here.resolve() in path.parents:
                place = (path.relative_to(here.resolve()).as_posix(), one.lineno)
    text = "".join(traceback.format_exception_only(type(deepest), deepest)).strip().splitlines()
    named = [line for line in text if re.match(r"[A-Za-z_][\w.]*(?:Error|Exception|Exit|Warning)\b", line)]
    words = str(deepest) if isinstance(deepest, EndedByCode) else named[-1] if named else text[-1]
    return {"path": place[0], "line": place[1], "message": re.sub(r"^(?:\w+\.)+(?=[A-Z])", "", words)}


if __name__ == "__main__":
    main(sys.argv[1:])
