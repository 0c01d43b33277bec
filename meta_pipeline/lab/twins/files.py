"""Harmless changes around the pipelines: docs, tests, versions held faster, CI, settings of the repository."""

import posixpath
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.python_source import is_test_path, python_of
from meta_pipeline.lab.repository import ANY
from meta_pipeline.lab.yaml_source import yaml_of

_PARAGRAPHS = (
    "Questions go to the channel of the data team, before a ticket is written.\n",
    "A run may be started again at any time: it replaces what it made before.\n",
    "The password of the warehouse is in the vault; ask the platform team for access.\n",
    "To drop and recreate a local database, see `make reset`.\n",
)
_FLOATING = re.compile(r"^([A-Za-z][\w.-]*(?:\[[\w,-]+\])?)(>=(\d+(?:\.\d+)+))?[ \t]*$", re.MULTILINE)
# Releases that there are, of packages that many pipelines use.
_RELEASES = {
    "boto3": "1.40.0",
    "certifi": "2025.8.3",
    "click": "8.2.1",
    "duckdb": "1.3.2",
    "httpx": "0.28.1",
    "jinja2": "3.1.6",
    "numpy": "2.3.2",
    "pandas": "2.3.1",
    "pillow": "11.3.0",
    "pyarrow": "21.0.0",
    "pytest": "8.4.1",
    "python-dateutil": "2.9.0",
    "pyyaml": "6.0.2",
    "requests": "2.32.5",
    "sqlalchemy": "2.0.43",
    "tenacity": "9.1.2",
    "urllib3": "2.5.0",
}


class DocsChanged(Mutator):
    """A paragraph is added to the README or another document."""

    id = "docs-changed"
    keeps_pipelines = True
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        text = Text.of(base) if base.path.endswith((".md", ".rst")) else None
        if text is None or ".meta-pipeline/" in base.path:
            return
        end = len(text.value)
        lead = "\n" if text.value.endswith("\n") else "\n\n"
        yield Change(text, [Edit(end, end, lead + dice.choice(_PARAGRAPHS))]).twin("adds a paragraph")
        for found in list(re.finditer(r"\b(also|please|simply|just|very) ", text.value))[:1]:
            yield Change(text, [Edit(found.start(), found.end(), "")]).twin("takes a word out")


class TestAdded(Mutator):
    """One more test, made like the one before it."""

    id = "test-added"
    keeps_pipelines = True
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base, tests=True) if is_test_path(base.path) else None
        if source is None:
            return
        tests = [
            node
            for node in source.tree.body
            if node in source.functions and getattr(node, "name", "").startswith("test")
        ]
        for node in dice.sample(tests, min(2, len(tests))):
            name = getattr(node, "name", "")
            start, end = source.statement(node)
            new = re.sub(rf"\b{name}\b", f"{name}_once_more", source.text.value[start:end], count=1)
            lead = "\n\n" if source.text.value[:end].endswith("\n") else "\n\n\n"
            if f"{name}_once_more" not in source.bound:
                yield Change(source.text, [Edit(end, end, lead + new)]).twin("adds a test")


class DependencyPinned(Mutator):
    """A requirement that floated is held at one version, or one that was held goes up to a later release."""

    id = "dependency-pinned"
    keeps_pipelines = True
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        text = Text.of(base) if re.search(r"requirements[\w.-]*\.txt$", base.path) else None
        if text is None or "--hash" in text.value:
            return
        for found in _FLOATING.finditer(text.value):
            version = found.group(3) or _RELEASES.get(found.group(1).lower())
            if version is not None:
                edit = Edit(found.start(), found.end(), f"{found.group(1)}=={version}")
                yield Change(text, [edit]).twin(f"pins {found.group(1)}")
        own = Text.of(base, text.path[: -len(".txt")] + ".in")
        for found in re.finditer(r"^([A-Za-z][\w.-]*)==(\d+)(\.[\d.]+)[ \t]*$", text.value, re.MULTILINE):
            new = _RELEASES.get(found.group(1).lower(), "")
            is_newer = new.split(".")[0] == found.group(2) and _key(new) > _key(
                found.group(2) + found.group(3)
            )
            if is_newer and (own is None or f"{found.group(1)}==" not in own.value):
                edit = Edit(found.start(2), found.end(3), new)
                yield Change(text, [edit]).twin(f"takes a newer {found.group(1)}")


def _key(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


class LockUpdated(Mutator):
    """A dependency is added to the manifest, and the lock is made anew with it."""

    id = "lock-updated-with-manifest"
    keeps_pipelines = True
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if posixpath.basename(base.path) == "requirements.in":
            yield from self._compiled(base)
        elif posixpath.basename(base.path) == "pyproject.toml":
            yield from self._uv(base)

    def _compiled(self, base: Base) -> Iterator[Mutation]:
        manifest, lock = Text.of(base), Text.of(base, base.path.removesuffix(".in") + ".txt")
        if manifest is None or lock is None or "--hash" in lock.value or "tenacity" in lock.value:
            return
        end = len(manifest.value)
        lead = "" if manifest.value.endswith("\n") else "\n"
        after = "" if lock.value.endswith("\n") else "\n"
        new = f"{lock.value}{after}tenacity==9.1.2\n    # via -r requirements.in\n"
        change = Change(manifest, [Edit(end, end, f"{lead}tenacity>=9\n")], others={lock.path: new.encode()})
        yield change.twin("adds a dependency to manifest and lock")

    def _uv(self, base: Base) -> Iterator[Mutation]:
        manifest = Text.of(base)
        lock = Text.of(base, posixpath.join(posixpath.dirname(base.path), "uv.lock"))
        if manifest is None or lock is None:
            return
        for found in re.finditer(r'"([\w-]+)>=(\d[\w.]*)"', manifest.value):
            name, old = found.groups()
            locked = re.search(rf'name = "{re.escape(name)}"\nversion = "(\d[\w.]*)"', lock.value)
            asked = re.search(rf'name = "{re.escape(name)}", specifier = ">={re.escape(old)}"', lock.value)
            if locked is None or asked is None or locked.group(1) == old:
                continue
            new = asked.group().replace(old, locked.group(1))
            other = lock.value[: asked.start()] + new + lock.value[asked.end() :]
            edit = Edit(found.start(2), found.end(2), locked.group(1))
            yield Change(manifest, [edit], others={lock.path: other.encode()}).twin(
                f"asks for the {name} that is locked"
            )


class ActionPinned(Mutator):
    """An action is held at a commit, with its release in a comment."""

    id = "action-pinned"
    keeps_pipelines = True
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if (
            not re.search(r"(^|/)\.github/workflows/[^/]+\.ya?ml$", base.path)
            or (text := Text.of(base)) is None
        ):
            return
        for found in re.finditer(
            r"uses:\s*[\w-]+/[\w./-]+@(v\d[\w.]*|main|master)[ \t]*$", text.value, re.MULTILINE
        ):
            commit = "".join(dice.choices("0123456789abcdef", k=40))
            edit = Edit(found.start(1), found.end(1), f"{commit} # {found.group(1)}")
            yield Change(text, [edit]).twin("pins an action")


class CiStepAdded(Mutator):
    """CI prints the versions that it runs with."""

    id = "ci-step-added"
    keeps_pipelines = True
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        document = yaml_of(base) if "/.github/workflows/" in f"/{base.path}" else None
        for item in document.items() if document else ():
            assert document is not None
            runs = [
                entry for entry in document.entries() if entry.parent is item.value and entry.key == "run"
            ]
            if item.path[-1:] != ("steps",) or not runs or item.parent.flow_style:
                continue
            start = document.text.start_of_line(item.span[0])
            indent = document.text.indent(start)
            line = f"{indent}- name: Versions\n{indent}  run: python --version\n"
            yield Change(document.text, [Edit(start, start, line)]).twin("adds a step to CI")


class SettingsTouched(Mutator):
    """A pattern more in `.gitignore`, or another description in `pyproject.toml`."""

    id = "repository-metadata"
    keeps_pipelines = True
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        name = posixpath.basename(base.path)
        text = Text.of(base) if name in {".gitignore", "pyproject.toml", ".dockerignore"} else None
        if text is None:
            return
        if name == "pyproject.toml":
            for found in re.finditer(r'^description\s*=\s*"([^"\n]+)"', text.value, re.MULTILINE):
                edit = Edit(found.end(1), found.end(1), " and what belongs to it")
                yield Change(text, [edit]).twin("changes the description of the project")
            return
        end = len(text.value)
        lead = "" if text.value.endswith("\n") or not text.value else "\n"
        new = dice.choice(["*.log", ".idea/", "*.swp", ".DS_Store", ".venv/"])
        yield Change(text, [Edit(end, end, f"{lead}{new}\n")]).twin(f"ignores {new}")
