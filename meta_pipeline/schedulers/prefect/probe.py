"""What Prefect itself makes of the flows of a checkout. Runs inside the target's environment, alone:

    python probe.py topology --folder DIR [--folder DIR ...] --output FILE
    python probe.py dry-run --folder DIR --flow NAME [--flow NAME ...] --logical-date 2026-01-05 --output FILE

Needs nothing but Prefect 3 and Python 3.9; no network, and no server to load flows. Prefect is imported once, and each
file of flows is loaded in a fork of its own, so that one that hangs, exits or prints harms no other.
Paths in the output are relative to the current folder. The output goes to FILE only. Exit 0 means that it is complete.
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
import time
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module, util
from pathlib import Path
from typing import Any

Document = dict[str, Any]

LOAD_SECONDS = 60
SERVER_SECONDS = 240
FRAME = re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d+)')


def part(name: str) -> Any:
    """A script that stands beside this one; its folder is on no path, where the target's modules are looked for."""
    file = Path(__file__).absolute().with_name(f"{name}.py")
    if name not in sys.modules:
        spec = util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("topology", "dry-run"):
        one = commands.add_parser(name)
        one.add_argument("--folder", action="append", default=[])
        one.add_argument("--output", required=True)
        if name == "dry-run":
            one.add_argument("--flow", action="append", required=True)
            one.add_argument("--logical-date", required=True)
            one.add_argument("--seconds", type=int, default=0, help="limit for each flow; 0 is none")
    options = parser.parse_args(arguments)
    # The first entry is the folder of this script, which is nothing to the target.
    sys.path[:1] = [str(Path.cwd())]
    options.output = Path(options.output).absolute()
    options.folder = [os.path.normpath(folder) for folder in options.folder or ["."]]
    # A script of the target is `__main__` while it is loaded; our parts find this one by its own name.
    sys.modules["prefect_probe"] = sys.modules["__main__"]
    import_module("prefect")
    part("probe_stand_ins").take_over()
    if options.command == "topology":
        all_topologies(options)
    else:
        all_runs(options)


def write(path: Path, document: Document) -> None:
    """Put the document there in one move, so that a reader never meets half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(document, sort_keys=True), encoding="utf-8")
    part.replace(path)


def in_fork(work: Callable[[Path], None], limit: float) -> tuple[Document | None, str, str]:
    """What a fork wrote to its file, why it wrote nothing more, and what it printed to standard error last."""
    with tempfile.TemporaryDirectory() as scratch:
        answer, said = Path(scratch) / "answer.json", Path(scratch) / "said"
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if child == 0:
            os.setsid()
            with said.open("w") as log:
                null = os.open(os.devnull, os.O_RDONLY)
                for number, target in ((0, null), (1, log.fileno()), (2, log.fileno())):
                    os.dup2(target, number)
                faulthandler.dump_traceback_later(max(limit - 1, 1), file=log)
                status = 1
                try:
                    work(answer)
                    status = 0
                except BaseException:  # noqa: BLE001  told by the exit
                    traceback.print_exc()
                finally:
                    sys.stdout.flush()
                    sys.stderr.flush()
                    os._exit(status)
        why = wait(child, limit)
        try:
            found = json.loads(answer.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        text = said.read_text(encoding="utf-8", errors="replace") if said.exists() else ""
    sys.stderr.write(text)
    return found, why, text


def wait(child: int, limit: float) -> str:
    """Why a fork ended, as words to follow the name of what it did; nothing where it ended well."""
    until = time.monotonic() + limit
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return "" if code == 0 else f"it ended the process with exit code {code}"
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return f"it took longer than {limit:g} s"


def last_place(text: str, here: Path, default: str) -> int | None:
    """The last line of `default` that a traceback of a hanging fork names; the innermost frame comes first there."""
    for found in FRAME.finditer(text):
        if os.path.realpath(found["path"]) == str(here / default):
            return int(found["line"])
    return None


def version() -> str:
    return str(import_module("prefect").__version__)


def all_topologies(options: argparse.Namespace) -> None:
    here = Path.cwd().resolve()
    finding, projects = part("probe_files"), part("probe_projects")
    files = {folder: finding.flow_files(folder) for folder in options.folder}
    every = sorted({file for found in files.values() for file in found} | set(finding.deploying_files()))
    answers = {file: loaded(file, here) for file in every}
    yaml, yaml_errors = projects.deployments()
    deployments = yaml + [one for answer in answers.values() for one in answer["deployments"]]
    topologies = [topology(folder, files[folder], answers) for folder in options.folder]
    if topologies:
        topologies[0]["errors"] += yaml_errors
    functions = {flow["id"]: flow.pop("function") for answer in answers.values() for flow in answer["flows"]}
    write(options.output, {"topologies": topologies, "functions": functions, "deployments": deployments})


def loaded(file: str, here: Path) -> Document:
    """What one file of flows gives, or the error that stands in its place."""
    found, why, text = in_fork(lambda answer: part("probe_load").describe(file, here, answer), LOAD_SECONDS)
    document = found or {"flows": [], "deployments": [], "errors": []}
    if why:
        message = f"the file cannot be loaded: {why}"
        if found and found["flows"]:
            message = f"the calls of its flows cannot be followed: {why}"
        error = {"path": file, "line": last_place(text, here, file), "message": message}
        document["errors"].append({**error, "opaque": bool(found and found["flows"])})
    return document


def topology(folder: str, files: Sequence[str], answers: dict[str, Document]) -> Document:
    pipelines: dict[str, Document] = {}
    errors: list[Document] = []
    for file in files:
        errors += [error for error in answers[file]["errors"] if error not in errors]
        for flow in answers[file]["flows"]:
            first = pipelines.setdefault(flow["id"], flow)
            if (first["path"], first["line"]) != (flow["path"], flow["line"]):
                taken = f"{first['path']}:{first['line']}"
                message = f"the flow name '{flow['id']}' is taken by {taken}; give one of them another name"
                errors.append({"path": flow["path"], "line": flow["line"], "message": message})
    return {
        "scheduler": "prefect",
        "version": version(),
        "method": "runtime",
        "root": folder,
        "pipelines": [pipelines[name] for name in sorted(pipelines)],
        "errors": sorted(errors, key=lambda one: (one["path"], one["line"] or 0, one["message"])),
    }


def all_runs(options: argparse.Namespace) -> None:
    here = Path.cwd().resolve()
    files = sorted({file for folder in options.folder for file in part("probe_files").flow_files(folder)})
    ran: list[Document] = []
    server = import_module("prefect.server.api.server").SubprocessASGIServer()
    server.start(timeout=SERVER_SECONDS)
    try:
        options.api_url = server.api_url
        for name in options.flow:
            ran.append(one_run(name, files, here, options))
            # Written after each flow: what ran is known even where a later one ends the process.
            runs = [within_others(run, ran) for run in ran]
            write(options.output, {"runs": runs, "complete": len(ran) == len(options.flow)})
    finally:
        server.stop()


def within_others(run: Document, ran: Sequence[Document]) -> Document:
    """A flow that cannot run by itself, but that another flow of these called, is judged by that."""
    if run["succeeded"] or run["nodes"]:
        return run
    calls = [
        (other["pipeline"], node)
        for other in ran
        for node in other["nodes"]
        if node["id"] == run["pipeline"] and node["state"] in ("success", "failed")
    ]
    if not calls:
        return run
    failed = [name for name, node in calls if node["state"] == "failed"]
    return {
        **run,
        "succeeded": not failed,
        "seconds": round(sum(node["seconds"] or 0.0 for _, node in calls), 3),
        "error": f"it failed where {failed[0]} calls it" if failed else None,
    }


def one_run(name: str, files: Sequence[str], here: Path, options: argparse.Namespace) -> Document:
    """The run of a flow, in a fork that looks for it in the files that may hold it."""
    limit = LOAD_SECONDS * 2 + (options.seconds or 3600)
    said = ["no flow has this name"]
    for file in sorted(files, key=lambda each: (not part("probe_files").mentions(each, name), each)):

        def work(answer: Path, file: str = file) -> None:
            part("probe_run").run(file, here, name, options, answer)

        found, why, text = in_fork(work, limit)
        if found and found.get("pipeline"):
            return found
        if found and found.get("error"):
            said.append(f"{file}: {found['error']}")
        elif why:
            words = [line.strip() for line in text.splitlines() if line.strip()]
            said.append(f"{file}: {why}" + (f": {words[-1][:300]}" if words else ""))
    error = "; not loaded: ".join(said[:4])
    return {"pipeline": name, "succeeded": False, "seconds": 0.0, "nodes": [], "error": error}


if __name__ == "__main__":
    main(sys.argv[1:])
