"""CHG017: what the change leaves behind can be read, loaded and run, as far as source tells."""

import re
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.bounded import LARGEST, is_cut
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.differences.difference import Difference
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.pipeline_code import is_apart
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy


class SourceSound(Gate):
    """Nothing that could be read, loaded and found before the change is broken after it, as far as source tells.

    That is: Python that no Python can parse, or not the version that the repository asks for; names without a value;
    imports of modules and names of this repository that are not there, also in files that the change does not touch;
    modules that import from each other what is not there yet;
    calls of its functions with arguments that they do not take; YAML, TOML, JSON and templates that no longer parse;
    circles, ids given twice, references, entry points and macros that lead nowhere; marks of an unfinished merge;
    descriptions of dbt that stand twice, and enforced contracts that name other columns than the query makes.

    A scheduler that cannot load a file drops its pipelines without a word, and a name without a value ends a run in
    the night. What was broken before is not told, nor are templates and samples of tests that are meant not to be
    read. SQL that no dialect reads any more asks a person: no parser knows every database. So do two texts that run
    together, as a comma or a space between two lines was forgotten, keys of YAML that stand twice, descriptions with
    tests of a dbt model that nothing builds, references that look misspelt, and source of more than a megabyte, which
    nobody reads.
    """

    id: ClassVar[str] = "CHG017"
    name: ClassVar[str] = "source-sound"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    default: ClassVar[Strength] = "failed"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = (
        "undefined-name",
        "syntax-error",
        "yaml-broken",
        "jinja-broken",
        "sql-broken",
        "renamed-under-readers",
        "duplicate-id",
        "dependency-cycle",
    )

    def judge(self, case: Case) -> Opinion:
        from meta_pipeline.gates.soundness.python_texts import python_faults
        from meta_pipeline.gates.tools.tool import Missing

        assert case.change is not None
        change = case.change
        of_python = python_faults(change)
        found = [] if isinstance(of_python, Missing) else list(of_python)
        found += _unread(change)
        found += _others(change)
        unread = {one.finding.path for one in found}
        found += [one for one in topology_faults(change) if one.finding.path not in unread]
        found += [one for one in _of_settings(change) if one.finding.path not in unread]
        if isinstance(of_python, Missing):
            return self.could_not_run(
                f"{of_python.reason}; {of_python.install} installs it",
                findings=[one.finding for one in found],
            )
        return weigh(
            self, _once(found), "everything that the change touches can be read, and leads somewhere"
        )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        loads = "from lib.rates import rate\n\nprint(rate(1))\n"
        rates = "def rate(day):\n    return day\n"
        known = {"lib/__init__.py": "", "lib/rates.py": rates, specimens.DAG_FILE: loads}
        return (
            Example("a function is added", _case(known, {"lib/rates.py": f"{rates}\n\nx = 1\n"}), "passed"),
            Example(
                "a bracket is left open",
                _case(known, {specimens.DAG_FILE: "print((1)\n"}),
                "failed",
                "no Python can read this file",
            ),
            Example(
                "a name has no value",
                _case(known, {specimens.DAG_FILE: f"{loads}print(rates)\n"}),
                "failed",
                "nothing defines the name 'rates'",
            ),
            Example(
                "an untouched file imports what is renamed",
                _case(known, {"lib/rates.py": rates.replace("rate(", "rate_of(")}),
                "failed",
                "lib/rates.py has no 'rate' any more",
            ),
            Example(
                "an untouched file calls without the argument that is now needed",
                _case(known, {"lib/rates.py": rates.replace("(day)", "(day, currency)")}),
                "failed",
                "it needs the argument 'currency'",
            ),
            Example(
                "settings are no YAML any more",
                _case({"prefect.yaml": "name: x\n"}, {"prefect.yaml": "name: [x\n"}),
                "failed",
                "this is no YAML any more",
            ),
            Example(
                "a key stands twice in one mapping",
                _case({"prefect.yaml": "name: x\n"}, {"prefect.yaml": "name: x\npull: a\npull: b\n"}),
                "needs_approval",
                "the key 'pull' stands twice",
            ),
            Example(
                "a comma is forgotten between two arguments",
                _case({}, {specimens.DAG_FILE: 'a = ["load",\n     "--day=1"\n     "--only"]\n'}),
                "needs_approval",
                "run together into one word",
            ),
            Example(
                "what was broken before",
                _case({"old.py": "print 1\n"}, {"old.py": "print 2\n"}),
                "passed",
            ),
        )


def _case(before: specimens.Files, edits: specimens.Files) -> Case:
    return Case(Policy(), change=specimens.change(before, {**before, **edits}))


_READERS_LIMIT = re.compile(
    r"at run time|only a run|only at run|steps to read|too many steps|too deeply|too long to be followed|too large"
)
"""What our reader of source cannot follow is no fault of the target."""
_SHARED = re.compile(r"the flow name '(?P<name>.*)' is taken by (?P<path>.*):\d+;")
"""Prefect only warns of two flows of one name: some teams let the flows of several files share one."""


_TAKEN = re.compile(r"is taken by (?P<path>[^\s:]+):(?P<line>\d+)")
"""A reader takes the first of two in the order of their paths, whichever of them is new."""
_OF_A_PACKAGE = "is not in this project, and its packages"
"""What may be in a package that is not at hand: where nothing was before, it is more likely misspelt."""


def topology_faults(change: Change) -> Iterator[Weighed]:
    """What a scheduler would refuse: circles, ids given twice, references and entry points that lead nowhere."""
    changed = {file.path for file in change.files}
    uses_packages = any(
        _OF_A_PACKAGE in error.message for topology in change.base_topologies for error in topology.errors
    )
    for one in change.differences:
        if one.level != "error" or one.change != "added" or one.item is None:
            continue
        if one.field == "opaque":
            if _OF_A_PACKAGE in one.item and not uses_packages:
                yield weighed(
                    "needs_approval",
                    f"{one.item}; nothing else in the project is taken from there",
                    "name what is there, or approve it if a package has it",
                    path=one.path,
                    line=one.line,
                )
        elif not _READERS_LIMIT.search(one.item):
            shared = _SHARED.search(one.item)
            ends = (
                "Prefect takes both for one, with one history and one list of deployments"
                if shared
                else "the scheduler does not load what stands here"
            )
            said, path = one.item, one.path
            line = _blamed_line(change, one) if _NO_JINJA.search(said) else one.line
            taken = _TAKEN.search(said)
            if taken is not None and path not in changed and taken["path"] in changed:
                said = said.replace(taken[0], f"is taken by {path}:{line or 1}")
                path, line = taken["path"], int(taken["line"])
            yield weighed(
                _of_shared(change, one, shared) if shared else "failed",
                f"{said}; {ends}",
                "mend it, so that the scheduler loads it",
                path=path,
                line=line,
            )


def _of_shared(change: Change, one: Difference, shared: re.Match[str]) -> Strength:
    """Flows of several files that share a name are told of; a second one in the same file is for a person."""
    held = {
        error.path
        for topology in change.base_topologies
        for error in topology.errors
        if (known := _SHARED.search(error.message)) and known["name"] == shared["name"]
    }
    is_in_one_file = one.path in {shared["path"], *held}
    return "needs_approval" if is_in_one_file and not is_apart(one.path) else "warned"


def _unread(change: Change) -> Iterator[Weighed]:
    """Files that the change leaves larger than what is read of source: no gate has seen what they do."""
    for file in change.unread:
        if file.new is None or not is_cut(change.head, file.path):
            continue
        size = f"{len(file.new) / 1e6:.1f} MB"
        yield weighed(
            "warned" if is_apart(file.path) else "needs_approval",
            f"{file.path} has {size} of source, and above {LARGEST / 1e6:g} MB it is only searched for credentials: "
            "nobody has seen what else it does",
            "split it, keep its data in a file of data, or have a person who has read it approve it",
            path=file.path,
        )


_NO_JINJA = re.compile(r"no Jinja that dbt can read")


def _blamed_line(change: Change, one: Difference) -> int | None:
    """The changed line that a template broke at, where its parser names a later one."""
    from meta_pipeline.gates.soundness.judged import blamed

    file = next((file for file in change.files if file.path == one.path), None)
    return blamed(file, one.line) if file is not None and one.line is not None else one.line


def _others(change: Change) -> Iterator[Weighed]:
    from meta_pipeline.gates.soundness.calls import call_faults
    from meta_pipeline.gates.soundness.data_files import conflict_faults, data_file_faults
    from meta_pipeline.gates.soundness.dbt_macros import macro_faults
    from meta_pipeline.gates.soundness.fused_texts import fused_texts
    from meta_pipeline.gates.soundness.import_circles import circle_faults
    from meta_pipeline.gates.soundness.imports import import_faults
    from meta_pipeline.gates.soundness.python_templates import template_faults
    from meta_pipeline.gates.soundness.sql_texts import sql_faults

    for faults in (
        import_faults,
        circle_faults,
        call_faults,
        data_file_faults,
        conflict_faults,
        macro_faults,
        sql_faults,
        template_faults,
        fused_texts,
    ):
        yield from faults(change)


def _of_settings(change: Change) -> Iterator[Weighed]:
    """What can be read, and that a tool refuses or passes over."""
    from meta_pipeline.gates.soundness.dbt_contracts import contract_faults
    from meta_pipeline.gates.soundness.dbt_properties import property_faults
    from meta_pipeline.gates.soundness.dbt_references import reference_faults
    from meta_pipeline.gates.soundness.dbt_strings import string_faults
    from meta_pipeline.gates.soundness.repeated_keys import repeated_key_faults

    for faults in (property_faults, reference_faults, contract_faults, string_faults, repeated_key_faults):
        yield from faults(change)


def _once(found: list[Weighed]) -> Iterator[Weighed]:
    """One finding a place: what two ways of looking tell of one line is one fault."""
    seen: set[tuple[str | None, int | None]] = set()
    for one in found:
        place = (one.finding.path, one.finding.line)
        if place not in seen or one.finding.line is None:
            seen.add(place)
            yield one
