"""Workflows of GitHub: what they may do, whose actions they run, and where."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TAG = re.compile(r"(release/)?[vV]?\d+(\.\w+)*(-[\w.]+)?|[\w-]+[-/]v?\d+\.\d+\S*")
_WORKFLOW = re.compile(r"(^|.*/)\.github/workflows/[^/]+\.ya?ml")
_ACTION = re.compile(r"(^|.*/)action\.ya?ml")
RANKS = {"branch": 0, "tag": 1, "commit": 2}


@dataclass(frozen=True, slots=True)
class Use:
    """An action, or a workflow of another repository: `action` without its reference, and the kind of that."""

    action: str
    reference: str
    line: int

    @property
    def pinned_by(self) -> str:
        if _COMMIT.fullmatch(self.reference):
            return "commit"
        return "tag" if _TAG.fullmatch(self.reference) else "branch"

    @property
    def owner(self) -> str:
        return self.action.split("/")[0].lower()


@dataclass(frozen=True)
class Job:
    """`permissions` are its own or else the workflow's: scope to `read` or `write`, None where nothing is said."""

    name: str
    line: int
    permissions: Mapping[str, str] | None
    permissions_line: int
    runs_on: str


@dataclass(frozen=True)
class Workflow:
    triggers: frozenset[str] = frozenset()
    jobs: Mapping[str, Job] = field(default_factory=dict)
    uses: tuple[Use, ...] = ()
    head_checkouts: tuple[int, ...] = ()
    inherits_secrets: tuple[int, ...] = ()

    @property
    def runs_strangers(self) -> bool:
        """Whether it runs what a pull request brings, with the rights of the repository that receives it."""
        return bool(self.head_checkouts) and "pull_request_target" in self.triggers


def is_workflow(path: str) -> bool:
    """Whether GitHub runs this file as a workflow, or as an action of the repository's own."""
    return _WORKFLOW.fullmatch(path) is not None or _ACTION.fullmatch(path) is not None


def read_workflow(path: str, text: str) -> Workflow | None:
    """The workflow at `path`; None where it cannot be read."""
    document = read_yaml(text, path)
    if isinstance(document, Unreadable):
        return None
    on = document.get("on") if "on" in document else document.get("True")
    shared = _permissions(document)
    jobs = {}
    steps: list[Located] = list(document.get("runs").get("steps").each())
    uses: list[Use] = []
    inherits = []
    for name, job in document.get("jobs").pairs():
        own = _permissions(job)
        place = document if own is None else job
        runner = job.get("runs-on")
        jobs[name] = Job(
            name,
            job.line,
            shared if own is None else own,
            place.get("permissions").line,
            " ".join([*runner.texts(), *runner.get("labels").texts(), *runner.get("group").texts()]),
        )
        steps += job.get("steps").each()
        uses += _use(job)
        if job.get("secrets").text == "inherit":
            inherits.append(job.get("secrets").line)
    uses += [use for step in steps for use in _use(step)]
    heads = [
        step.get("with").get("ref").line
        for step in steps
        if "actions/checkout" in step.get("uses").text
        and re.search(r"head[._](sha|ref)|pull_request\.head|refs/pull/", step.get("with").get("ref").text)
    ]
    triggers = {key for key, _ in on.pairs()} or set(on.texts())
    return Workflow(frozenset(triggers), jobs, tuple(uses), tuple(heads), tuple(inherits))


def _use(holder: Located) -> Iterator[Use]:
    used = holder.get("uses")
    action, at, reference = used.text.partition("@")
    if action and not action.startswith((".", "docker:")):
        yield Use(action, reference if at else "", used.line)


def _permissions(holder: Located) -> Mapping[str, str] | None:
    given = holder.get("permissions")
    if "permissions" not in holder:
        return None
    if given.text in ("write-all", "read-all"):
        return {"*": given.text.removesuffix("-all")}
    return {scope: value.text for scope, value in given.pairs()}


def widened(before: Mapping[str, str] | None, after: Mapping[str, str] | None) -> tuple[str, ...]:
    """The rights that `after` has and `before` had not, as `contents: write`; empty where there are none.

    What nothing is said of has the rights that the repository's settings give it: those may be all, but for the one
    to speak for the repository to others, `id-token`, which no setting gives.
    """
    if after is None:
        return (
            ()
            if before is None or before.get("*") == "write"
            else ("all that the repository's settings allow",)
        )
    if before is None:
        if after.get("*") == "write":
            return ("write-all",)
        return ("id-token: write",) if after.get("id-token") == "write" else ()
    everywhere = before.get("*")
    found = []
    for scope, right in sorted(after.items()):
        had = before.get(scope, everywhere)
        if right == "write" and had != "write":
            found.append("write-all" if scope == "*" else f"{scope}: write")
        elif right == "read" and scope == "*" and had is None:
            found.append("read-all")
    return tuple(found)
