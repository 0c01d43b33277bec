"""The verdict as a comment on a pull request."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from meta_pipeline.cli.check_formats.escaping import code, markdown
from meta_pipeline.cli.check_formats.judged import Judged

if TYPE_CHECKING:
    from meta_pipeline.cli.judged_documents import FindingDocument, GateDocument

_LONGEST = 60_000
"""GitHub takes 65,536 characters a comment, GitLab more; the head and the end of ours take some of them."""
_HEADINGS = {
    "pass": "Passed: no gate has anything against this change",
    "needs_approval": "Needs approval: a person who knows must agree to what is below",
    "blocked": "Blocked: this change must not be merged as it is",
}
_COULD_NOT_RUN = "Not judged: a gate could not run, which is no pass"


class Links:
    """Where a person reads a file of the commits that are judged; `prefix` is the part before the commit."""

    def __init__(self, prefix: str | None) -> None:
        self._prefix = prefix

    @classmethod
    def of_environment(cls, variables: Mapping[str, str]) -> "Links":
        """From what GitHub Actions and GitLab CI tell their jobs; without any of it there are none."""
        if server := variables.get("GITHUB_SERVER_URL"):
            repository = variables.get("GITHUB_REPOSITORY")
            return cls(f"{server}/{repository}/blob" if repository else None)
        project = variables.get("CI_PROJECT_URL")
        return cls(f"{project}/-/blob" if project else None)

    def to(self, commit: str, path: str, line: int | None) -> str | None:
        if self._prefix is None:
            return None
        return f"{self._prefix}/{commit}/{quote(path)}" + (f"#L{line}" if line else "")


def page(judged: Judged, links: Links) -> str:
    """The comment: the verdict, the gates that stopped the change, their findings, and what to do."""
    document = judged.document
    stopped = judged.stopped
    heading = _HEADINGS[document.verdict]
    if document.verdict == "blocked" and all(gate.outcome != "failed" for gate in stopped):
        heading = _COULD_NOT_RUN
    parts = [f"## {heading}", ""]
    if stopped:
        parts += ["| gate | outcome | why |", "|---|---|---|"]
        parts += [
            f"| {gate.id} {markdown(gate.name)} | {_words(gate)} | {markdown(gate.reason)} |"
            for gate in stopped
        ]
        parts.append("")
    parts += _fitting(_findings(judged, stopped, links))
    parts += [f"**Next:** {markdown(judged.next)}", ""]
    parts += [f"> Note: {markdown(note)}\n" for note in document.notes]
    parts += _others(judged, links)
    parts.append(
        f"<sub>meta-pipeline check --level {document.level}, "
        f"{document.base[:12]} to {document.head[:12]}</sub>"
    )
    return "\n".join(parts) + "\n"


def error(message: str) -> str:
    """The comment where there is no verdict."""
    return f"## Not judged: meta-pipeline could not look at this change\n\n{markdown(message)}\n"


def _words(gate: "GateDocument") -> str:
    return gate.outcome.replace("_", " ")


def _findings(judged: Judged, gates: "tuple[GateDocument, ...]", links: Links) -> Iterator[str]:
    for gate in gates:
        if gate.findings:
            yield f"### {gate.id} {markdown(gate.name)}\n"
            for finding in gate.findings:
                if finding.waived is None:
                    yield _finding(judged, finding, links)
            yield ""


def _finding(judged: Judged, finding: "FindingDocument", links: Links) -> str:
    place = ""
    if finding.path is not None:
        place = code(f"{finding.path}:{finding.line}" if finding.line else finding.path)
        document = judged.document
        commit = document.base if finding.path in judged.gone else document.head
        link = links.to(commit, finding.path, finding.line)
        place = f"{f'[{place}]({link})' if link else place}: "
    waived = finding.waived
    mend = markdown(waived.sentence) if waived else f"**Mend:** {markdown(finding.fix)}"
    return f"- {place}{markdown(finding.message)}\n  {mend}"


def _others(judged: Judged, links: Links) -> list[str]:
    """What did not stop the change, folded."""
    document = judged.document
    warned = tuple(gate for gate in document.gates if gate.outcome == "warned")
    passed = [gate for gate in document.gates if gate.outcome == "passed"]
    silent = [gate.id for gate in document.gates if gate.outcome == "not_applicable"]
    folded: list[str] = []
    if warned:
        reasons = [f"- {gate.id} {markdown(gate.name)}: {markdown(gate.reason)}" for gate in warned]
        inside = [*reasons, "", *_fitting(_findings(judged, warned, links))]
        folded += _folded(f"Worth knowing ({len(warned)})", inside)
    if waived := [told.finding for told in judged.waived() if told.finding is not None]:
        inside = _fitting(_finding(judged, finding, links) for finding in waived)
        folded += _folded(f"Waived ({len(waived)})", inside)
    if passed or silent:
        inside = [f"- {gate.id} {markdown(gate.name)}: {markdown(gate.reason)}" for gate in passed]
        if silent:
            inside += ["", f"Nothing to judge here for {', '.join(silent)}."]
        folded += _folded(f"Passed ({len(passed)})", inside)
    return folded


def _folded(title: str, inside: list[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *inside, "", "</details>", ""]


def _fitting(lines: Iterator[str]) -> list[str]:
    """As many of the lines as fit, and how many findings do not."""
    kept: list[str] = []
    size = left = 0
    for line in lines:
        size += len(line.encode()) + 1
        if size <= _LONGEST // 3:
            kept.append(line)
        else:
            left += line.startswith("- ")
    return (
        [*kept, f"\n{left} more findings do not fit here; `--format json` has all of them.\n"]
        if left
        else kept
    )
