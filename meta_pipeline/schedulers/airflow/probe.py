"""What Airflow itself makes of a DAG folder. Runs inside the target's environment, alone:

    python probe.py topology --dags DIR [--dags DIR ...] --output FILE [--seconds N]
    python probe.py dry-run --dags DIR --dag ID [--dag ID ...] --logical-date 2026-01-05 --output FILE

`--node DAG TASK`, once or more, leaves all other tasks out of the run of that DAG. Needs nothing but Airflow 2.9 to
3.x and Python 3.9. DAG files are imported in a child process, so that one which hangs or ends its process costs no
other. Paths in the output are relative to the current folder. The output goes to FILE only, as the target's code may
print. Exit 0 means that FILE is complete.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module, util
from pathlib import Path
from typing import Any

Document = dict[str, Any]


def part(name: str) -> Any:
    """A script that stands beside this one; its folder is on no path, where the target's modules are looked for."""
    file = Path(__file__).absolute().with_name(f"{name}.py")
    spec = util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    topology_parser = commands.add_parser("topology")
    dry_run_parser = commands.add_parser("dry-run")
    for one in (topology_parser, dry_run_parser):
        one.add_argument("--dags", action="append", required=True)
        one.add_argument("--output", required=True)
        one.add_argument(
            "--seconds", type=float, default=0, help="limit for all files, or each DAG; 0 is none"
        )
    dry_run_parser.add_argument("--dag", action="append", required=True)
    dry_run_parser.add_argument("--node", action="append", nargs=2, default=[], metavar=("DAG", "TASK"))
    dry_run_parser.add_argument("--logical-date", required=True)
    options = parser.parse_args(arguments)
    output = Path(options.output).absolute()
    folders = [Path(folder).absolute() for folder in options.dags]
    common = os.path.commonpath([str(folder) for folder in folders])
    # Read by Airflow when it is imported, so set before: a relative folder would follow a task's chdir.
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = common
    # Airflow keeps the last frames of an import error only; the DAG file's own is further up.
    os.environ["AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH"] = "100"
    sys.path[:0] = [str(folder) for folder in folders]
    if "airflow.settings" in sys.modules:
        part("probe_warm").settle()
    if options.command == "topology":
        write(output, topology(folders, options.seconds))
    else:
        for document in part("probe_run").dry_run(options, folders):
            # Written after each DAG: what ran is known even where a later one ends the process.
            write(output, document)


def write(path: Path, document: Document) -> None:
    """Put the document there in one move, so that a reader never meets half of it."""
    made = path.with_name(path.name + ".part")
    made.write_text(json.dumps(document, sort_keys=True), encoding="utf-8")
    made.replace(path)


def topology(folders: Sequence[Path], limit: float) -> Document:
    bag, describing = part("probe_bag"), part("probe_topology")
    found = bag.survey(folders, describing.pipeline, limit)
    return {
        "scheduler": "airflow",
        "version": import_module("airflow").__version__,
        "method": "runtime",
        "root": bag.relative(os.path.commonpath([str(folder) for folder in folders])),
        "pipelines": found.pipelines,
        "datasets": describing.merged(found.datasets),
        "errors": found.errors,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
