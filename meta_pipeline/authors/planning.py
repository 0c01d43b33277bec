"""A plan out of recipes, or read off a human's patch."""

from collections.abc import Iterable, Mapping

from meta_pipeline.authors.patch import HumanPatch, read_patch
from meta_pipeline.authors.recipes.book import NOTE_CHANGE, Choice, NoFit, choose
from meta_pipeline.authors.recipes.note_change import NoteParameters, can_note
from meta_pipeline.authors.watching import failures_of, watched
from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.differences.phrases import folder_name
from meta_pipeline.delivery.model import digest, digest_bytes
from meta_pipeline.delivery.plan import Meant, Plan, RecipeCall, Step
from meta_pipeline.delivery.requirements import Criterion, Requirements, Verification
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.by_hand import dry_run_by_hand, parse_by_hand

_CHANGE_LOG = "CHANGELOG.md"
_DEFAULTS = Policy()


_NOTHING = Meant()


def plan_with_recipes(
    requirements: Requirements, context: RepoContext, policy: Policy, tree: Tree
) -> Plan | NoFit:
    """A plan that carries out every criterion by recipes; `NoFit` says what was missing where there is none."""
    chosen = choose(requirements, context, tree)
    if isinstance(chosen, NoFit):
        return chosen
    log = policy.references.get("changelog", _CHANGE_LOG)
    log = log if can_note(tree, log) else ""
    homes = _homes(chosen.choices, chosen.measured)
    steps, calls = [], []
    for number, choice in enumerate(chosen.choices, start=1):
        calls.append(choice.recipe.call(choice.fit.parameters))
        if log and choice.changes:
            calls.append(_note(log, requirements.title, choice))
        steps.append(_step(number, choice, homes[number - 1], policy, context, log if choice.changes else ""))
    return Plan(
        requirements=digest(requirements),
        author="recipes",
        summary="; ".join(choice.fit.summary for choice in chosen.choices) + ".",
        steps=tuple(steps),
        edits=tuple(dict.fromkeys(edit for choice in chosen.choices for edit in choice.fit.edits)),
        calls=tuple(calls),
        assumptions=_assumptions(requirements),
        risks=tuple(dict.fromkeys(note for choice in chosen.choices for note in choice.fit.notes)),
    )


def plan_from_patch(
    requirements: Requirements,
    patch_text: str,
    context: RepoContext,
    author_identity: str,
    policy: Policy = _DEFAULTS,
    meant: Meant = _NOTHING,
) -> Plan:
    """The plan that a patch implies: one step for each top-level folder that it touches, and what is `meant` by it.

    Raises `ValueError` where the patch cannot be read.
    """
    patch = read_patch(patch_text)
    areas: dict[str, list[str]] = {}
    for path in patch.files:
        folder, slash, _ = path.partition("/")
        areas.setdefault(folder_name(folder if slash else "."), []).append(path)
    served = _by_area(requirements.criteria, areas, context)
    return Plan(
        requirements=digest(requirements),
        author="patch",
        summary=f"{patch.subject or requirements.title}, as {author_identity} wrote it.",
        steps=tuple(
            _patch_step(number, area, patch, tuple(paths), served.get(area, ()), context, policy)
            for number, (area, paths) in enumerate(areas.items(), start=1)
        ),
        edits=meant.edits,
        needs=meant.needs,
        assumptions=_assumptions(requirements),
        risks=("The plan was read off its own patch, so it proves nothing about it.",),
        from_patch=digest_bytes(patch_text.encode()),
    )


def _note(path: str, title: str, choice: Choice) -> RecipeCall:
    title = " ".join(title.split()).rstrip(".")
    said = choice.fit.summary[:1].lower() + choice.fit.summary[1:]
    return NOTE_CHANGE.call(NoteParameters(path=path, line=f"{title}: {said}."))


def _step(
    number: int,
    choice: Choice,
    criteria: tuple[Criterion, ...],
    policy: Policy,
    context: RepoContext,
    log: str,
) -> Step:
    fit = choice.fit
    files = tuple(dict.fromkeys((*fit.files, *((log,) if log else ()))))
    proofs = (fit.verification, *_proofs(criteria, policy, context))
    return Step(
        number=number,
        title=fit.summary,
        files=files,
        creates=fit.creates,
        data_flow=fit.data_flow,
        verification="\n".join(dict.fromkeys(proofs)),
        rollback=fit.rollback,
        criteria=tuple(dict.fromkeys(criterion.id for criterion in criteria)),
        metrics=tuple(watched(watch, policy.monitoring) for watch in fit.metrics),
    )


def _patch_step(
    number: int,
    area: str,
    patch: HumanPatch,
    paths: tuple[str, ...],
    criteria: tuple[Criterion, ...],
    context: RepoContext,
    policy: Policy,
) -> Step:
    touched = [
        pipeline.id
        for pipeline in context.pipelines
        if not {pipeline.path, *(node.path for node in pipeline.nodes)}.isdisjoint(paths)
    ]
    flow = "No pipeline is defined here."
    if touched:
        run = "The pipelines {} run" if len(touched) > 1 else "The pipeline {} runs"
        flow = f"{run.format(', '.join(touched))} the changed code."
    return Step(
        number=number,
        title=f"Change {len(paths)} file{'s' if len(paths) > 1 else ''} in {area}",
        files=paths,
        creates=tuple(path for path in paths if path in patch.created),
        data_flow=flow,
        verification="\n".join(_proofs(criteria, policy, context))
        or "Every gate of the implementation stage passes.",
        rollback=f"Revert the change of {', '.join(paths)}.",
        criteria=tuple(criterion.id for criterion in criteria),
        metrics=tuple(
            watched(failures_of(pipeline), policy.monitoring) for pipeline in touched or ("every pipeline",)
        ),
    )


def _proofs(criteria: Iterable[Criterion], policy: Policy, context: RepoContext) -> list[str]:
    return [
        f"{c.id}: {c.sentence}, measured by {_means(c.verification, c.subject, policy, context)}."
        for c in criteria
    ]


def _means(verification: Verification, subject: str, policy: Policy, context: RepoContext) -> str:
    """What measures a criterion of this kind, as a command where there is one."""
    means: Mapping[Verification, str] = {
        "topology": "`meta-pipeline topology` at head",
        "dry_run": _dry_run(subject, policy, context),
        "parse": _parse(policy),
        "unit_tests": _command(policy.commands.unit_tests, "unit tests"),
        "lint": _command(policy.commands.lint, "lint command"),
        "data_quality": f"{_data_checks(policy)} on what head builds",
        "contract": "the description at head, as its file gives it",
    }
    return means[verification]


def _dry_run(subject: str, policy: Policy, context: RepoContext) -> str:
    typed = dry_run_by_hand(policy, context.topologies, subject)
    date = policy.dry_run.logical_date
    return (
        f"`{typed}` at base and head"
        if typed
        else f"a dry run of {subject or 'every changed pipeline'} for {date}"
    )


def _parse(policy: Policy) -> str:
    typed = " and ".join(f"`{command}`" for command in parse_by_hand(policy))
    return f"{typed} at base and head" if typed else "an import of every pipeline by the scheduler itself"


def _command(command: str | None, kind: str) -> str:
    return (
        f"`{command}` at base and head"
        if command
        else f"the target's {kind}, for which the policy has no command"
    )


def _data_checks(policy: Policy) -> str:
    names = [name for project in policy.data_quality.great_expectations for name in project.checkpoints]
    checks = [f"checkpoint {', '.join(names)}"] if names else []
    checks += [f"the dbt tests of {folder_name(project.project)}" for project in policy.dbt]
    return " and ".join(checks) or "a checkpoint or dbt test, of which the policy names none,"


def _homes(choices: tuple[Choice, ...], measured: tuple[Criterion, ...]) -> list[tuple[Criterion, ...]]:
    """The criteria of each step: its own, and the measured ones on the same pipeline or else in the last step."""
    homes = [list(choice.criteria) for choice in choices]
    for criterion in measured:
        near = (
            number
            for number, choice in enumerate(choices)
            if criterion.subject
            and any(_same_pipeline(c.subject, criterion.subject) for c in choice.criteria)
        )
        homes[next(near, len(choices) - 1)].append(criterion)
    return [tuple(home) for home in homes]


def _same_pipeline(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _by_area(
    criteria: tuple[Criterion, ...], areas: Mapping[str, list[str]], context: RepoContext
) -> dict[str, tuple[Criterion, ...]]:
    """Each criterion in the area that defines its pipeline, or else in the first one."""
    found: dict[str, tuple[Criterion, ...]] = {}
    for criterion in criteria:
        paths = {p.path for p in context.pipelines if _same_pipeline(p.id, criterion.subject)}
        home = next((area for area, touched in areas.items() if paths & set(touched)), next(iter(areas)))
        found[home] = (*found.get(home, ()), criterion)
    return found


def _assumptions(requirements: Requirements) -> tuple[str, ...]:
    return tuple(
        f"{follow_up.topic.replace('_', ' ')}: {follow_up.answer} (given by the {follow_up.given_by})"
        for follow_up in requirements.follow_ups
        if follow_up.answer
    )
