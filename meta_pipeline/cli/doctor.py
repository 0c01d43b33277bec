"""`doctor`: what is missing on this machine, and how to get it."""

import shutil
import sys

import uv
from rich.table import Table

from meta_pipeline.cli.documents import DoctorDocument, ToolDocument
from meta_pipeline.cli.output import STDOUT, Exit, leave, print_document, shown
from meta_pipeline.gates.naming import require_gates_of_settings
from meta_pipeline.settings import Home
from meta_pipeline.workspace.process import call
from meta_pipeline.workspace.sandbox import detect_sandbox

_NEEDED = (
    ("git", "everything", "apt-get install git"),
    ("ssh-keygen", "sign-offs", "apt-get install openssh-client"),
)


def doctor(home: Home, *, as_json: bool) -> None:
    """Print every tool with its version or how to get it; leaves with 4 where a needed one is missing."""
    require_gates_of_settings(home)
    tools = [_tool(*needed) for needed in _NEEDED]
    tools.append(_uv())
    python = f"Python {sys.version.split()[0]}"
    tools.append(ToolDocument(name="python", found=python, needed_for="everything", how_to_get=""))
    missing = [tool for tool in tools if tool.found is None]
    sandbox = detect_sandbox()
    tools.append(
        ToolDocument(
            name="bubblewrap",
            found="works" if sandbox.kind == "bubblewrap" else None,
            needed_for="keeping the target's code away from this machine (optional, strongly advised)",
            how_to_get="apt-get install bubblewrap" if sandbox.kind == "none" else "",
        )
    )
    if as_json:
        print_document(DoctorDocument(home=str(home.path), tools=tuple(tools)))
    else:
        table = Table("tool", "found", "needed for", "how to get it")
        for tool in tools:
            table.add_row(tool.name, tool.found or "[red]missing[/red]", tool.needed_for, tool.how_to_get)
        STDOUT.print(table)
        STDOUT.print(f"State is kept in {shown(home.path)}.", highlight=False)
        if sandbox.kind == "none":
            STDOUT.print(f"[yellow]{shown(sandbox.reason)}[/yellow]", highlight=False)
        STDOUT.print(f"next: {_next(home, missing)}", highlight=False)
    leave(Exit.COULD_NOT_RUN if missing else Exit.PASS)


def _next(home: Home, missing: list[ToolDocument]) -> str:
    if missing:
        return f"install what is missing ({'; '.join(tool.how_to_get for tool in missing)}), then: meta-pipeline doctor"
    if home.settings().targets:
        return "meta-pipeline status"
    return "meta-pipeline init --repo PATH, where PATH is a checkout of your pipelines"


def _tool(name: str, needed_for: str, how_to_get: str) -> ToolDocument:
    found = shutil.which(name)
    version = None
    if found is not None:
        said = call([name, "--version"]) if name == "git" else None
        version = said.stdout.decode().strip() if said else found
    return ToolDocument(
        name=name, found=version, needed_for=needed_for, how_to_get="" if found else how_to_get
    )


def _uv() -> ToolDocument:
    found = uv.find_uv_bin()
    said = call([found, "--version"]).stdout.decode().strip()
    return ToolDocument(name="uv", found=said, needed_for="the targets' environments", how_to_get="")
