"""Known vulnerabilities of packages, as pip-audit looks them up at a service that speaks OSV's protocol."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from meta_pipeline.delivery.context import Vulnerability
from meta_pipeline.workspace.process import ToolMissingError, call
from meta_pipeline.workspace.scratch import scratch_folder


def look_up(pins: Iterable[tuple[str, str]], osv_url: str) -> tuple[Vulnerability, ...] | str:
    """The vulnerabilities of exact releases, given as (name, version); a sentence where there is no answer.

    Nothing is resolved or installed: the service alone is asked, once for each package.
    """
    lines = "".join(f"{name}=={version}\n" for name, version in sorted(set(pins)))
    if not lines:
        return ()
    with scratch_folder() as folder:
        requirements = folder / "requirements.txt"
        requirements.write_text(lines)
        program = Path(sys.executable).parent / "pip-audit"
        argv = [
            str(program),
            "--requirement",
            str(requirements),
            "--no-deps",
            "--disable-pip",
            "--format=json",
        ]
        argv += [
            "--vulnerability-service=osv",
            f"--osv-url={osv_url}",
            "--progress-spinner=off",
            "--desc=off",
        ]
        argv += ["--cache-dir", str(folder / "cache")]
        try:
            called = call(argv, seconds=120)
        except ToolMissingError:
            return "pip-audit is not installed; install it with: pip install pip-audit"
    try:
        answer = json.loads(called.stdout)
    except ValueError:
        said = called.stderr.decode("utf-8", errors="replace").strip() or "it says nothing"
        return f"pip-audit got no answer from {osv_url}: {said.splitlines()[-1]}"
    return tuple(
        Vulnerability(
            package=package["name"],
            version=package.get("version", ""),
            id=found["id"],
            fixed_in=tuple(found.get("fix_versions", ())),
        )
        for package in answer.get("dependencies", [])
        for found in package.get("vulns", [])
    )
