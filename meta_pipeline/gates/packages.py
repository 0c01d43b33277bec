"""Gates of other packages, found by the entry points of the group `meta_pipeline.gates`.

An entry point names a gate class, or a module that holds some. One that cannot be loaded is never left out: a gate
stands in for it that could not run, so that nothing passes which it might have stopped.
"""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import ClassVar

from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion

GROUP = "meta_pipeline.gates"

_ID = re.compile(r"[A-Z]{2,8}\d{3}")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NOT_OF_AN_ID = re.compile(r"\W+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """A gate and the package that it comes from, such as `acme-gates 1.2`."""

    gate: Gate
    package: str


class Unloadable(Gate):
    """Stands in for a gate of another package that cannot be loaded.

    Nobody knows what that gate would have said, so that nothing passes until it can be loaded or its package is
    removed.
    """

    id: ClassVar[str] = ""
    name: ClassVar[str] = "unloadable"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    may_be_waived: ClassVar[bool] = False
    reason: ClassVar[str] = ""

    def judge(self, case: Case) -> Opinion:
        del case
        return self.could_not_run(self.reason)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ()


class _NotAGateError(Exception):
    """What an entry point names is no gate that could be judged; the text says why."""


def gates_of_packages(own: Mapping[str, Gate]) -> tuple[Found, ...]:
    """The gates of all other installed packages; none has the id of one in `own`, or of another of them."""
    taken = dict.fromkeys(own, "meta-pipeline")
    shown_on = {(gate.stage, gate.subject) for gate in own.values()}
    found: list[Found] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (_package(entry), entry.name)):
        package = _package(entry)
        try:
            gates = [_checked(kind, taken, shown_on) for kind in _kinds(entry)]
        except Exception as error:  # noqa: BLE001  whatever code of others does, it ends as a gate that could not run
            gates = [_stand_in(entry, package, error, taken)]
        for gate in gates:
            taken[gate.id] = package
            found.append(Found(gate, package))
    return tuple(found)


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unnamed package"


def _kinds(entry: EntryPoint) -> Iterator[type[Gate]]:
    """The gate classes that an entry point names; raises whatever the loading of it raises."""
    loaded = entry.load()
    if not isinstance(loaded, ModuleType):
        if not (inspect.isclass(loaded) and issubclass(loaded, Gate)):
            raise _NotAGateError("it is no class derived from meta_pipeline.gates.gate.Gate, nor a module")
        if inspect.isabstract(loaded):
            missing = " and ".join(sorted(loaded.__abstractmethods__))
            raise _NotAGateError(f"its class {loaded.__name__} does not define {missing}")
        yield loaded
        return
    kinds = [
        kind
        for _, kind in inspect.getmembers(loaded, inspect.isclass)
        if issubclass(kind, Gate) and kind.__module__ == loaded.__name__ and not inspect.isabstract(kind)
    ]
    if not kinds:
        raise _NotAGateError(f"the module {loaded.__name__} holds no gate")
    yield from kinds


def _checked(kind: type[Gate], taken: Mapping[str, str], shown_on: Iterable[tuple[str, str]]) -> Gate:
    """The gate, once all that a catalogue needs of it is there; raises `_NotAGateError`."""
    who = kind.__name__
    for field in ("id", "name", "stage", "subject"):
        if not isinstance(getattr(kind, field, None), str):
            raise _NotAGateError(f"its class {who} has no '{field}'")
    if not _ID.fullmatch(kind.id):
        raise _NotAGateError(
            f"the id '{kind.id}' of {who} is not capital letters and three digits, as ACME001"
        )
    if not _NAME.fullmatch(kind.name):
        raise _NotAGateError(f"the name '{kind.name}' of {who} is not lower-case words, as owner-named")
    if kind.id in taken:
        raise _NotAGateError(f"the id {kind.id} is that of a gate of {taken[kind.id]}")
    if (kind.stage, kind.subject) not in shown_on:
        places = ", ".join(f"{stage}/{subject}" for stage, subject in sorted(shown_on))
        raise _NotAGateError(
            f"{who} is shown on {kind.stage}/{kind.subject}, where no gate is judged; the places are {places}"
        )
    gate = kind()
    if gate.is_on_signing:
        raise _NotAGateError(f"{who} needs 'signing', and who may sign is judged by meta-pipeline alone")
    return gate


def _stand_in(entry: EntryPoint, package: str, error: Exception, taken: Mapping[str, str]) -> Gate:
    """A gate that says why the one of this entry point could not be loaded."""
    why = str(error) if isinstance(error, _NotAGateError) else f"{type(error).__name__}: {error}"
    why = " ".join(why.split()).rstrip(".")
    wanted = _NOT_OF_AN_ID.sub("_", entry.name)
    unique = wanted if wanted not in taken else f"{_NOT_OF_AN_ID.sub('_', package)}_{wanted}"
    reason = (
        f"the gate '{entry.name}' of {package} cannot be loaded from '{entry.value}': {why}; "
        "mend the package, or uninstall it to go on without its gates"
    )
    kind: type[Gate] = type(
        "Unloadable", (Unloadable,), {"id": unique, "reason": reason, "__doc__": Unloadable.__doc__}
    )
    return kind()
