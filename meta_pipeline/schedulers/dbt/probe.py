"""What dbt itself says of a project. Runs in the sandbox, alone, by our own interpreter:

    python -I probe.py parse --project DIR --artifacts DIR --output FILE
    python -I probe.py build --project DIR --artifacts DIR --output FILE
        [--state DIR --select state:modified+] [--rows 5]

The target's own `dbt`, found on PATH, is started through dagster-dbt, so the target's environment needs nothing
but dbt. What dagster-dbt would do with the target's project in its own process is left out. Artifacts and logs of
dbt go below the artifacts folder; what is read from them goes to FILE, as the target's code may print. Exit 0
means that dbt did its work, whatever came out of it; else FILE says what kept it.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from dagster_dbt import DbtCliResource
from packaging.version import Version

Document = dict[str, Any]

MOST_ERRORS = 50
MOST_TEXT = 4000
MOST_TESTS_SHOWN = 5
MOST_VALUE = 80
TESTS = ("test", "unit_test")
PACKAGES = ("packages.yml", "dependencies.yml")


class Dbt(DbtCliResource):
    """The target's dbt, and nothing of the target in this process."""

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        """No adapter: it would be made from the target's profile and macros, by a dbt that is not the target's."""
        return None

    @cached_property
    def _cli_version(self) -> Version:
        """The release that is installed beside the program; `dbt --version` would ask PyPI for a newer one."""
        home = Path(self.dbt_executable).resolve().parent.parent
        named = [
            path.name.split("-")[1] for path in home.glob("lib/python*/site-packages/dbt_core-*.dist-info")
        ]
        return Version(named[0].removesuffix(".dist")) if named else super()._cli_version


class Invocation:
    """One dbt command, run to its end; `artifacts` is the target folder of its own."""

    def __init__(self, dbt: Dbt, arguments: Sequence[str], artifacts: Path) -> None:
        started = time.monotonic()
        self.artifacts = artifacts
        self.errors: list[str] = []
        self.rows: dict[str, Any] = {}
        called = dbt.cli(arguments, raise_on_error=False, target_path=artifacts)
        for event in called.stream_raw_events():
            info, data = event.raw_event["info"], event.raw_event["data"]
            if info["level"] == "error" and not data.get("node_info") and len(self.errors) < MOST_ERRORS:
                self.errors.append(str(info["msg"])[:MOST_TEXT])
            if info["name"] == "ShowNode" and data.get("unique_id"):
                self.rows[data["unique_id"]] = data.get("preview")
        self.exit = called.process.wait()
        self.seconds = round(time.monotonic() - started, 2)

    def artifact(self, name: str) -> Document | None:
        """What dbt wrote; None where it came not so far."""
        try:
            found: Document = json.loads((self.artifacts / name).read_bytes())
        except (OSError, ValueError):
            return None
        return found


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=("parse", "build"))
    parser.add_argument("--project", required=True)
    parser.add_argument("--profiles")
    parser.add_argument("--target")
    parser.add_argument("--artifacts", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--state")
    parser.add_argument("--select", help="what to build, in dbt's words; everything where it is not given")
    parser.add_argument("--rows", type=int, default=0, help="how many failing rows of a test to show")
    options = parser.parse_args(arguments)
    document, status = asked(options)
    document |= {"project": options.project, "succeeded": status == 0}
    output = Path(options.output)
    part = output.with_name(output.name + ".part")
    part.write_text(json.dumps(document), encoding="utf-8")
    part.replace(output)
    return status


def asked(options: argparse.Namespace) -> tuple[Document, int]:
    """What the command came to, and dbt's exit status; `missing` says why dbt was not even started."""
    project, artifacts = Path(options.project).resolve(), Path(options.artifacts).resolve()
    program = shutil.which("dbt")
    if program is None:
        return {"missing": "dbt is not in the target's environment"}, 127
    if options.profiles and not (Path(options.profiles) / "profiles.yml").is_file():
        return {"missing": f"there is no profiles.yml in {options.profiles}"}, 127
    if not (project / "dbt_project.yml").is_file():
        return {"missing": f"there is no dbt_project.yml in {options.project}"}, 127
    dbt = Dbt(
        project_dir=str(project),
        profiles_dir=str(Path(options.profiles).resolve()) if options.profiles else None,
        target=options.target,
        dbt_executable=program,
    )
    os.environ["DBT_USE_COLORS"] = "false"
    document: Document = {"version": str(dbt._cli_version)}  # noqa: SLF001  a class of this file
    if wants_packages(project):
        fetched = Invocation(dbt, ["deps"], artifacts / "deps")
        if fetched.exit != 0:
            return {
                **document,
                "command": "deps",
                "seconds": fetched.seconds,
                "errors": fetched.errors,
            }, fetched.exit
    ran = Invocation(dbt, [options.command, *selection(options)], artifacts / "target")
    manifest, results = ran.artifact("manifest.json"), ran.artifact("run_results.json")
    document |= {
        "command": options.command,
        "seconds": ran.seconds,
        "errors": ran.errors,
        "manifest": manifest_of(manifest) if manifest else None,
        "results": [result_of(result) for result in results["results"]] if results else None,
    }
    failing = [
        result["unique_id"]
        for result in document["results"] or ()
        if result["unique_id"].startswith("test.") and result["status"] in ("fail", "warn")
    ]
    if options.rows and failing and manifest:
        document["rows"] = shown(dbt, options, failing[:MOST_TESTS_SHOWN], manifest, artifacts)
    return document, 0 if results else ran.exit


def wants_packages(project: Path) -> bool:
    """Whether the project names packages that are not installed; installing local ones needs no network."""
    named = any((project / name).is_file() for name in PACKAGES)
    return named and not any((project / name).is_dir() for name in ("dbt_packages", "dbt_modules"))


def selection(options: argparse.Namespace) -> list[str]:
    return [*(["--select", options.select] if options.select else []), *deferral(options)]


def deferral(options: argparse.Namespace) -> list[str]:
    return ["--defer", "--state", str(Path(options.state).resolve())] if options.state else []


def shown(
    dbt: Dbt, options: argparse.Namespace, failing: Sequence[str], manifest: Document, artifacts: Path
) -> Document:
    """Some failing rows of each of these tests, by `dbt show`."""
    found: Document = {}
    for number, unique_id in enumerate(failing):
        node = manifest["nodes"].get(unique_id)
        if node is None:
            continue
        # `dbt show` tells only of the first node that is selected.
        arguments = [
            "show",
            "--select",
            ".".join(node["fqn"]),
            "--limit",
            str(options.rows),
            "--output",
            "json",
        ]
        ran = Invocation(dbt, [*arguments, *deferral(options)], artifacts / f"show-{number}")
        if unique_id in ran.rows:
            found[unique_id] = rows_of(ran.rows[unique_id])
    return found


def rows_of(preview: Any) -> list[Document]:
    """The different rows of a preview, each value as text and cut where it is long."""
    try:
        rows = json.loads(preview)
    except (TypeError, ValueError):
        return []
    found = [
        {str(name): str(value)[:MOST_VALUE] for name, value in row.items()}
        for row in rows
        if isinstance(row, dict)
    ]
    return [row for number, row in enumerate(found) if row not in found[:number]]


def result_of(result: Document) -> Document:
    return {
        "unique_id": result["unique_id"],
        "status": result["status"],
        "seconds": result.get("execution_time") or 0.0,
        "failures": result.get("failures"),
        "message": str(result.get("message") or "")[:MOST_TEXT],
    }


def manifest_of(document: Document) -> Document:
    """The parts of dbt's manifest that are looked at; what is disabled is left out."""
    kinds = ("nodes", "exposures", "unit_tests", "semantic_models", "metrics", "saved_queries")
    nodes = [node for kind in kinds for node in document.get(kind, {}).values()]
    project = document["metadata"].get("project_name") or ""
    databases = {node.get("database") for node in document["nodes"].values()}
    return {
        "project": project,
        "version": document["metadata"]["dbt_version"],
        "resources": [
            resource_of(node) for node in nodes if (node.get("config") or {}).get("enabled") is not False
        ],
        "sources": [source_of(source, databases) for source in document["sources"].values()],
        "owners": {
            group["unique_id"]: owner
            for group in document.get("groups", {}).values()
            if (owner := owner_of(group.get("owner")))
        },
    }


def source_of(source: Document, databases: set[Any]) -> Document:
    """One table of a source; its database only where the project names it, as another is the target's."""
    given = source.get("unrendered_database", source["database"] not in databases)
    return {
        "unique_id": source["unique_id"],
        "relation": ".".join(
            part
            for part in (source["database"] if given else "", source["schema"], source["identifier"])
            if part
        ),
        "freshness": source.get("freshness"),
        "columns": columns_of(source),
    }


def columns_of(node: Document) -> list[Document]:
    return [
        {"name": column["name"], "type": column.get("data_type")}
        for column in (node.get("columns") or {}).values()
    ]


def owner_of(owner: Any) -> str | None:
    """The name or the first address of an owner."""
    if not isinstance(owner, dict):
        return None
    address = owner.get("email")
    return owner.get("name") or (address[0] if isinstance(address, list) and address else address) or None


def resource_of(node: Document) -> Document:
    config = node.get("config") or {}
    test = node.get("test_metadata")
    return {
        "unique_id": node["unique_id"],
        "kind": node["resource_type"],
        "name": node["name"],
        "package": node["package_name"],
        "path": node["original_file_path"],
        "depends_on": (node.get("depends_on") or {}).get("nodes") or [],
        "materialized": config.get("materialized"),
        "database": config.get("database") or config.get("target_database"),
        "schema_name": config.get("schema") or config.get("target_schema"),
        "alias": node.get("alias"),
        "column": node.get("column_name"),
        "attached": node.get("attached_node"),
        "severity": config.get("severity"),
        "tags": [*(node.get("tags") or []), *(config.get("tags") or [])],
        "group": node.get("group") or config.get("group"),
        "owner": owner_of(node.get("owner")) or (config.get("meta") or node.get("meta") or {}).get("owner"),
        "columns": columns_of(node),
        "test": test
        and {"name": test["name"], "package": test.get("namespace"), "arguments": test.get("kwargs") or {}},
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
