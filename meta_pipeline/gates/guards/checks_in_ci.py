"""Which checks CI, pre-commit and the targets that they call run, and which a change takes away or makes optional."""

import re
from collections.abc import Iterable, Iterator

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.tree import FileChange, Tree, text_of
from meta_pipeline.delivery.yaml_source import Located, Unreadable, read_yaml
from meta_pipeline.gates.guards.kinds import is_runner, runs_checks
from meta_pipeline.gates.weighing import Weighed, weighed

_KINDS = {
    "tests": r"\b(pytest|tox|nox|unittest|make (unit-?)?tests?|python -m pytest|astro dev pytest|hatch (run )?test)\b",
    "the linter": r"\b(ruff|flake8|pylint|make lint|pre-commit|pycodestyle)\b",
    "the formatter": r"\b(black|ruff format|ruff-format|isort|yapf)\b",
    "the type checker": r"\b(mypy|pyright|basedpyright|pyre)\b",
    "the linter of SQL": r"\b(sqlfluff|sqlfmt)\b",
    "dbt's tests": r"\bdbt (\S+ )*(build|test)\b",
    "the parse of the pipelines": r"\bdbt (parse|compile)\b|import.errors|dag_integrity|"
    r"dagster definitions validate|dg check",
    "the search for credentials": r"\b(gitleaks|detect-secrets|trufflehog|ggshield|ripsecrets)\b",
    "the security checks": r"\b(bandit|semgrep|trivy|codeql|snyk|pip-audit|safety|zizmor|checkov|tfsec|"
    r"dependency-review)\b",
}
_CHECKS = {name: re.compile(words, re.IGNORECASE) for name, words in _KINDS.items()}
_FORGIVES = re.compile(
    r"\|\|\s*(true|:|exit 0|echo\b)|;\s*(true|exit 0)\s*$|--exit-zero\b|\bset \+e\b|returnStatus:\s*true"
)
_IGNORED_BY_MAKE = re.compile(r"^\t[@+]*-[@+]*\s*(?=\w)")
_BY_NAME = re.compile(r"\b(?:make|just|tox|nox)(?: +-\w+)* +[\w-]+")
"""What stands behind such a name is in another file."""

_OPTIONAL = ("continue-on-error", "allow_failure", "ignore_failure", "continueOnError")
_INSTALLS = re.compile(r"\b(?:pip3?|pipx|conda|poetry|uv)(?: pip| tool)? (?:install|add)\b[^\n&;|]*")
"""What is installed is not run yet."""
_TIDIES = re.compile(
    r"^(?:- )?(?:run:\s*|- |@)?(?:sudo )?"
    r"(?:rm|mkdir|cp|mv|ls|cat|echo|kill|pkill|docker|kubectl|git|apt(?:-get)?|gh|aws|gcloud)\b"
)
"""Commands that fail where there is nothing to tidy up or to look at."""
_LATE = frozenset(
    {"schedule", "workflow_dispatch", "repository_dispatch", "release", "deployment", "workflow_run"}
)
_STYLES = re.compile(
    r"trailing|end-of-file|line-ending|pretty|sort|fix|upgrade|format|fmt|comma|spell|typos|markdown|nbstripout|autoflake"
)
_COMMENT = re.compile(r"(^|\s)#.*|^\s*//.*", re.MULTILINE)


def weakened_checks(change: Change) -> Iterator[Weighed]:
    """What is no longer run, or no longer stops anything."""
    touched = [file for file in change.files if runs_checks(file.path)]
    runners = [file for file in change.files if is_runner(file.path)]
    for file in touched:
        # That a workflow itself now starts too late is told of its triggers.
        late = _comes_late(file.path, _text(file.old))
        counted = [path for path in change.head.entries() if runs_checks(path)]
        early = [one for one in counted if late or one == file.path or not _is_late(change.head, one)]
        yield from _lost(file, _run_by(change.head, early))
    if runners:
        counted = [path for path in change.head.entries() if is_runner(path) or runs_checks(path)]
        behind = _BY_NAME.sub("", _run_by(change.head, counted))
        for file in runners:
            yield from _lost(file, behind)
    for file in (*touched, *runners):
        if file.old is not None and file.new is not None:
            yield from _forgiven(file)
            yield from _optional(file)
            yield from _triggers(file)
            if file.path.endswith(".pre-commit-config.yaml"):
                yield from _hooks_gone(file)


def _run_by(tree: Tree, paths: Iterable[str]) -> str:
    """All that the files run, without comments and what they only install."""
    return "\n".join(_run(text_of(tree, path) or "") for path in paths)


def _is_late(tree: Tree, path: str) -> bool:
    return _comes_late(path, text_of(tree, path) or "")


def _comes_late(path: str, text: str) -> bool:
    """Whether a workflow starts only once a change is merged, by the clock or by hand."""
    if ".github/workflows/" not in path:
        return False
    document = read_yaml(text, path)
    if isinstance(document, Unreadable):
        return False
    on = document.get("on") if "on" in document else document.get("True")
    push = on.get("push")
    late = _LATE | ({"push"} if "branches" in push or "tags" in push else set())
    started = _started_by(on)
    return bool(started) and started <= late


def _run(text: str) -> str:
    return _INSTALLS.sub("", _COMMENT.sub("", text))


def _lost(file: FileChange, after: str) -> Iterator[Weighed]:
    """The kinds of check that no file runs any more: one tool may take another's place, in any of them."""
    before = _run(_text(file.old))
    if is_runner(file.path):
        before = _BY_NAME.sub("", before)
    for name, words in _CHECKS.items():
        found = words.search(before)
        if found is None or words.search(after):
            continue
        yield weighed(
            "needs_approval",
            f"{file.path} ran {name} ({found[0]}), and nothing does any more: what it would catch goes unseen",
            "keep the check, or run it elsewhere in CI before the merge",
            path=file.path,
            line=1 if file.new is None else before.count("\n", 0, found.start()) + 1,
        )


def _hooks_gone(file: FileChange) -> Iterator[Weighed]:
    """Hooks of pre-commit that only check, of kinds that are not looked for above, and that none replaces."""
    before, after = (_hooks(file.path, side) for side in (_text(file.old), _text(file.new)))
    for name, line in before.items():
        if name not in after and not _kinds(name) and not _STYLES.search(name):
            yield weighed(
                "warned" if after.keys() - before.keys() else "needs_approval",
                f"{file.path} no longer runs {name}: what it would catch goes unseen",
                "keep the hook, or have a person agree that nobody needs it",
                path=file.path,
                line=line,
            )


def _hooks(path: str, text: str) -> dict[str, int]:
    document = read_yaml(text, path)
    if isinstance(document, Unreadable):
        return {}
    hooks = (hook.get("id") for repo in document.get("repos").each() for hook in repo.get("hooks").each())
    return {hook.text: hook.line for hook in hooks if hook.text}


def _forgiven(file: FileChange) -> Iterator[Weighed]:
    before = _text(file.old)
    removed = {line.text.strip() for line in file.removed}
    for line in file.added:
        found = _FORGIVES.search(line.text) or (
            _IGNORED_BY_MAKE.search(line.text) if is_runner(file.path) else None
        )
        if found is None or line.text in before:
            continue
        plain = (line.text[: found.start()] + line.text[found.end() :]).strip()
        was_there = plain in removed and not _TIDIES.search(plain)
        if not _is_check(line.text) and not was_there:
            continue
        if is_runner(file.path) and not _kinds(line.text) & _kinds(before):
            continue  # a target that is new takes nothing away from those that CI calls
        yield weighed(
            "needs_approval",
            f"{file.path} lets what CI runs fail without a word ('{found[0].strip()}')",
            "let it stop what it finds",
            path=file.path,
            line=line.number,
        )


def _kinds(text: str) -> set[str]:
    return {name for name, words in _CHECKS.items() if words.search(text)}


def _optional(file: FileChange) -> Iterator[Weighed]:
    """Jobs, steps and hooks that may fail now, or that no longer run by themselves."""
    if not file.path.endswith((".yml", ".yaml")):
        return
    was = _run(_text(file.old))
    before, after = (_holders(file.path, side, was) for side in (_text(file.old), _text(file.new)))
    known = {said for said, _, _ in before}
    for said, is_check, line in after:
        if said in known:
            continue
        known.add(said)
        yield weighed(
            "needs_approval" if is_check else "warned",
            f"{file.path}: {said}" + (": what it finds no longer stops anything" if is_check else ""),
            "let it run and stop what it finds",
            path=file.path,
            line=line,
        )


def _holders(path: str, text: str, was: str) -> list[tuple[str, bool, int]]:
    """What a file lets fail, whether that matters, and the line: a check, or a command that `was` run before."""
    document = read_yaml(text, path)
    return [] if isinstance(document, Unreadable) else list(_walk(document, "", was))


def _walk(value: Located, name: str, was: str) -> Iterator[tuple[str, bool, int]]:
    own = next((value.get(key).text for key in ("name", "id", "uses") if value.get(key).text), name)
    for key, item in value.pairs():
        if key in _OPTIONAL and item.value is True:
            yield f"'{own}' may fail ({key})", _is_check(_words(value)) or _was_run(value, was), item.line
        elif key == "if" and re.fullmatch(r"\s*(\$\{\{\s*)?false(\s*\}\})?\s*", item.text, re.IGNORECASE):
            yield f"'{own}' never runs (if: false)", _is_check(_words(value)), item.line
        elif key in ("stages", "when") and item.texts() == ("manual",):
            yield f"'{own}' runs by hand alone ({key}: manual)", _is_check(_words(value)), item.line
        yield from _walk(item, key if isinstance(item.value, dict) else own, was)
    for item in value.each():
        yield from _walk(item, own, was)


def _was_run(step: Located, was: str) -> bool:
    command = (step.get("run").text or step.get("uses").text).strip().split("\n")[0]
    return bool(command) and command in was and not _TIDIES.search(command)


def _words(value: Located) -> str:
    return str(value.plain())


def _is_check(text: str) -> bool:
    return bool(_kinds(text))


def _triggers(file: FileChange) -> Iterator[Weighed]:
    """A workflow with checks that pull requests or pushes no longer start."""
    if ".github/workflows/" not in file.path or not _is_check(_text(file.new)):
        return
    sides = [read_yaml(_text(side), file.path) for side in (file.old, file.new)]
    before, after = (
        set()
        if isinstance(side, Unreadable)
        else _started_by(side.get("on") if "on" in side else side.get("True"))
        for side in sides
    )
    lost = (before - after) & {"pull_request", "push", "merge_group", "pull_request_target"}
    if lost and not after & {"pull_request", "pull_request_target"}:
        yield weighed(
            "needs_approval",
            f"{file.path} is no longer started by {' and '.join(sorted(lost))}: its checks come too late or never",
            "let every pull request start it",
            path=file.path,
            line=file.added[0].number if file.added else 1,
        )


def _started_by(on: Located) -> set[str]:
    return {key for key, _ in on.pairs()} or set(on.texts())


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", errors="replace")
