"""The guards around the repository, weakened: CI permissions, pinned actions, steps that block, lint rules."""

import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.repository import ANY
from meta_pipeline.lab.yaml_source import YamlSource, yaml_of

_PINNED = re.compile(r"uses:\s*([\w./-]+)@([0-9a-f]{40}|v?\d[\w.-]*)(\s*#[^\n]*)?")
_CHECKS = re.compile(
    r"\b(pytest|ruff|mypy|flake8|black|sqlfluff|dbt (build|test|parse|compile)|make (test|lint|check)|"
    r"pre-commit|dagster definitions validate|tox|nox)\b"
)


def _workflow(base: Base) -> YamlSource | None:
    return yaml_of(base) if re.search(r"(^|/)\.github/workflows/[^/]+\.ya?ml$", base.path) else None


class CiPermissionWidened(Mutator):
    """A workflow may do more than it needs: `write-all`, `contents: write`, or code of forks with secrets.

    Whoever gets code into one step of it then writes to the repository.
    """

    id = "ci-permission-widened"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        document = _workflow(base)
        if document is None:
            return
        has_own = False
        for entry in document.entries():
            if entry.key == "permissions":
                has_own = True
                if entry.value_text != "write-all":
                    edit = Edit(*entry.span, "permissions: write-all")
                    yield Change(document.text, [edit]).fault("lets the workflow write everything")
            elif "permissions" in entry.path[:-1] and entry.value_text in {"read", "none"}:
                edit = document.value_edit(entry, "write")
                yield Change(document.text, [edit]).fault(f"lets the workflow write {entry.key}")
            elif entry.path == ("on", "pull_request"):
                edit = Edit(entry.span[0], entry.span[0] + len("pull_request"), "pull_request_target")
                yield Change(document.text, [edit]).fault(
                    "runs code of forks with the secrets of the repository"
                )
        jobs = next((entry for entry in document.entries() if entry.path == ("jobs",)), None)
        if jobs is not None and not has_own:
            at = document.text.start_of_line(jobs.span[0])
            new = dice.choice(
                ["permissions: write-all\n\n", "permissions:\n  contents: write\n  id-token: write\n\n"]
            )
            yield Change(document.text, [Edit(at, at, new)]).fault("lets the workflow write")


class ActionUnpinned(Mutator):
    """An action that was pinned to a commit or a release now follows a branch.

    Whoever may push to that branch runs code in this repository's CI.
    """

    id = "action-unpinned"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        document = _workflow(base)
        if document is None:
            return
        text = document.text
        for found in _PINNED.finditer(text.value):
            end = found.end(3) if found.group(3) else found.end(2)
            branch = dice.choice(["main", "master"])
            yield Change(text, [Edit(found.start(2), end, branch)]).fault(
                f"{found.group(1)} follows {branch}"
            )


class StepNotBlocking(Mutator):
    """A check of CI may fail and nothing happens: `continue-on-error`, `|| true`, or the step is gone.

    Each fault that it would find is merged.
    """

    id = "ci-step-not-blocking"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        document = _workflow(base)
        if document is None:
            yield from self._hooks(base)
            return
        text = document.text
        for entry in document.entries():
            if entry.key != "run" or not _CHECKS.search(entry.value_text or ""):
                continue
            start, end = entry.span
            column = start - text.start_of_line(start)
            line = "\n" + " " * column + "continue-on-error: true"
            yield Change(text, [Edit(end, end, line)], [entry.span]).fault(
                "a failed check no longer fails CI"
            )
            style = getattr(entry.value, "style", None)
            if style is None and "||" not in (entry.value_text or ""):
                yield Change(text, [Edit(end, end, " || true")]).fault("a failed check no longer fails CI")
            elif style == "|":
                written = text.value[entry.value.start_mark.index : end]
                for found in _CHECKS.finditer(written):
                    at = entry.value.start_mark.index + found.start()
                    stop = text.end_of_line(at) - 1
                    if not text.value[at:stop].rstrip().endswith(("\\", "true")):
                        yield Change(text, [Edit(stop, stop, " || true")]).fault(
                            "a failed check no longer fails CI"
                        )
                        break
            step = document.around(entry)
            steps = [] if step is None else step.parent.value
            if step is not None and len(steps) > 2:
                yield Change(text, [text.without_lines(step.span)], document.near(step)).fault(
                    "takes a check out of CI"
                )

    def _hooks(self, base: Base) -> Iterator[Mutation]:
        document = yaml_of(base) if base.path.endswith(".pre-commit-config.yaml") else None
        for item in document.items() if document else ():
            if document is not None and item.path == ("repos", "hooks") and not item.parent.flow_style:
                yield Change(document.text, [document.without(item)], document.near(item)).fault(
                    "takes a hook out"
                )


class LintRuleDisabled(Mutator):
    """A rule of a linter or a type checker is turned off for the whole repository, or for a folder.

    What it found until now passes from here on.
    """

    id = "lint-rule-disabled"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        text = Text.of(base)
        if text is None:
            return
        if base.path.endswith(("pyproject.toml", "ruff.toml", ".ruff.toml")):
            yield from self._toml(text, dice)
        elif base.path.endswith((".flake8", "setup.cfg", "tox.ini", "mypy.ini", ".sqlfluff")):
            yield from self._ini(text, dice)

    def _toml(self, text: Text, dice: random.Random) -> Iterator[Mutation]:
        for found in re.finditer(r"^(extend-)?(select|ignore)\s*=\s*\[", text.value, re.MULTILINE):
            rules = list(
                re.finditer(
                    r"[\"']([A-Z]+\d*)[\"']", text.value[found.end() : text.value.find("]", found.end())]
                )
            )
            if found.group(2) == "select":
                for rule in rules[:4] if len(rules) > 1 else ():
                    span = (found.end() + rule.start(), found.end() + rule.end())
                    yield Change(text, [text.without_item(span)]).fault(f"no longer asks for {rule.group(1)}")
            else:
                new = dice.choice(['"F821", ', '"F401", "F821", ', '"S", ', '"E9", '])
                if new.split('"')[1] not in {rule.group(1) for rule in rules}:
                    edit = Edit(found.end(), found.end(), new if rules else new.rstrip(", "))
                    yield Change(text, [edit]).fault(f"no longer reports {new.rstrip(', ')}")
        for found in re.finditer(
            r"^(strict|disallow_untyped_defs|warn_unreachable|xfail_strict)\s*=\s*(true)",
            text.value,
            re.MULTILINE,
        ):
            yield Change(text, [Edit(found.start(2), found.end(2), "false")]).fault(
                f"turns `{found.group(1)}` off"
            )

    def _ini(self, text: Text, dice: random.Random) -> Iterator[Mutation]:
        for found in re.finditer(
            r"^(ignore|extend-ignore|exclude_rules)\s*=[ \t]*([^\n]*)", text.value, re.MULTILINE
        ):
            is_sql = found.group(1) == "exclude_rules"
            new = "all" if is_sql else dice.choice(["F821", "F401,F821", "E9,F"])
            lead = "," if found.group(2).strip() and not found.group(2).rstrip().endswith(",") else ""
            at = found.start(2) + len(found.group(2).rstrip())
            if not found.group(2).strip():
                at = found.start(2)
            yield Change(text, [Edit(at, at, lead + new)]).fault(f"no longer reports {new}")
        for found in re.finditer(
            r"^(strict|disallow_untyped_defs)\s*=\s*([Tt]rue)", text.value, re.MULTILINE
        ):
            yield Change(text, [Edit(found.start(2), found.end(2), "False")]).fault(
                f"turns `{found.group(1)}` off"
            )
