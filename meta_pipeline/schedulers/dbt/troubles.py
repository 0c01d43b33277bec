"""Why dbt built nothing: a mistake in the project's files, or something that the sandbox lacks."""

import re
from dataclasses import dataclass

from meta_pipeline.delivery.topology import Topology, TopologyError
from meta_pipeline.schedulers.dbt.answer import Answer

_FILE = re.compile(r"(?<![\w./-])[\w./-]+\.(?:sql|ya?ml|py|csv)\b")
_LINE = re.compile(r"\bline (\d+)")
_MISTAKE = re.compile(r"\b(?:Compilation|Parsing|Syntax|Dependency) [Ee]rror\b|found a cycle", re.IGNORECASE)
_POLICY = ".meta-pipeline.yaml"
_PROFILES = f"dbt.profiles in {_POLICY}"
_PACKAGES = "the sandbox has no network to fetch packages: commit the folder dbt_packages"
_LACKING = (
    (
        re.compile(r"find profile|profiles\.yml|--profiles-dir", re.IGNORECASE),
        f"commit a profiles.yml with an output in the checkout, such as a DuckDB file; name its folder as {_PROFILES}",
    ),
    (
        re.compile(r"does not have a target named", re.IGNORECASE),
        f"name an output of the profile as dbt.target in {_POLICY}",
    ),
    (
        re.compile(r"Env var required", re.IGNORECASE),
        f"give it a value under environment.variables in {_POLICY}",
    ),
    (
        re.compile(
            r"adapter type|dbt\.adapters|No module named|not in the target's environment", re.IGNORECASE
        ),
        f"add dbt-core and the adapter of the profile to a file under environment.requirements in {_POLICY}",
    ),
    (re.compile(r"dbt deps|packages? specified in|hub\.getdbt\.com"), _PACKAGES),
    (re.compile(r"there is no dbt_project\.yml"), f"correct dbt.project in {_POLICY}"),
)
_UNREACHABLE = (
    f"name as dbt.target in {_POLICY} an output that needs no network, such as a DuckDB file in the checkout"
)


@dataclass(frozen=True)
class Trouble:
    """Why nothing was built: `errors` of the project's own files, or `could_not_run` for any other reason."""

    errors: tuple[TopologyError, ...] = ()
    could_not_run: str | None = None


def trouble_of(answer: Answer, output: str, declared: Topology | None) -> Trouble | None:
    """None where dbt ran, and where it had nothing to do. `output` is the end of what it printed."""
    if answer.results is not None or (answer.succeeded and answer.manifest is not None):
        return None
    # What is wrong with its options dbt only prints.
    words = answer.missing or " / ".join(first_words(error) for error in answer.errors) or output
    lacking = next((mend for pattern, mend in _LACKING if pattern.search(words)), None)
    if answer.command == "deps":
        lacking = _PACKAGES
    elif lacking is None and answer.errors and answer.manifest is None and _MISTAKE.search(words):
        return Trouble(errors=tuple(_located(error, declared) for error in answer.errors))
    return Trouble(could_not_run=f"{words}; {lacking or _UNREACHABLE}")


def first_words(message: str) -> str:
    """What dbt says on one line, without its preface."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    lines = [line for line in lines if line != "Encountered an error:"]
    return " ".join(lines)[:600]


def _located(error: str, declared: Topology | None) -> TopologyError:
    """The error with the file and line that dbt's words name."""
    named = _FILE.findall(error)
    path = next((whole for name in named if (whole := _known(name, declared))), None)
    named_line = _LINE.search(error)
    # Where dbt names no line, source may show what it stumbles over.
    seen = (e.line for e in (declared.errors if declared else ()) if e.path == path)
    line = int(named_line[1]) if named_line else next(seen, None)
    fallback = declared.pipelines[0].path if declared and declared.pipelines else "dbt_project.yml"
    return TopologyError(path=path or fallback, line=line if path else None, message=first_words(error))


def _known(name: str, declared: Topology | None) -> str | None:
    """The path within the repository of a file that dbt names relative to the project or to a folder of models."""
    if declared is None:
        return None
    nodes = [node.path for pipeline in declared.pipelines for node in pipeline.nodes if node.path]
    paths = [*nodes, *(error.path for error in declared.errors)]
    exact = name if declared.root == "." else f"{declared.root}/{name}"
    if exact in paths:
        return exact
    return next((path for path in paths if path.endswith(f"/{name}")), None) or exact
