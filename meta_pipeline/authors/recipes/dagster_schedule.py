"""The schedule of one Dagster job, in the source that gives it one, or beside the definitions that hold the job."""

from collections.abc import Mapping

import libcst as cst

from meta_pipeline.authors.recipes.entries import argument, with_element, with_entries
from meta_pipeline.authors.recipes.library_source import DAGSTER, LibrarySource
from meta_pipeline.authors.recipes.python_source import PythonSource, Splice, dotted
from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.authors.recipes.values import constant
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.dagster.static.code import LocationCode
from meta_pipeline.schedulers.dagster.static.gathering import gathered
from meta_pipeline.schedulers.dagster.static.reader import read_code
from meta_pipeline.schedulers.dagster.static.settings import canonical
from meta_pipeline.schedulers.dagster.static.timing import launches
from meta_pipeline.schedulers.dagster.static.values import Definitions, Job, Schedule
from meta_pipeline.schedulers.source.machine import Site
from meta_pipeline.schedulers.source.values import Module


class DagsterSchedule(Frozen):
    """A job of the location at `root`. A schedule that is new gets the zone, and runs from the start if `running`."""

    root: str
    job: str
    cron: str
    timezone: str | None = None
    running: bool = True


def set_cron(tree: Tree, wanted: DagsterSchedule) -> Mapping[str, bytes]:
    """New content by path; raises `RecipeError` on a form that is not supported."""
    read = read_code(tree, wanted.root)
    if read is None:
        raise RecipeError(
            wanted.root, 1, "no code location is here; name one in workspace.yaml or pyproject.toml."
        )
    code, definitions = read
    own = [schedule for schedule in definitions.schedules if launches(schedule.job, wanted.job)]
    if len(own) > 1:
        raise RecipeError(
            own[1].path,
            own[1].line,
            f"the job {wanted.job} has several schedules; change the one that is meant.",
        )
    if own:
        return _changed(tree, own[0], wanted)
    return _added(tree, code, definitions, wanted)


# --- a schedule that is there -----------------------------------------------------------------------------


def _changed(tree: Tree, schedule: Schedule, wanted: DagsterSchedule) -> Mapping[str, bytes]:
    if canonical(schedule.cron) == canonical(wanted.cron):
        return {}
    file = LibrarySource.open(tree, DAGSTER, schedule.path)
    source = file.source
    call = file.call_at(schedule.line, "ScheduleDefinition")
    if call is None:
        decorator = file.decorator_at(schedule.line, "schedule")
        call = decorator.decorator if decorator and isinstance(decorator.decorator, cst.Call) else None
    given = argument(call, "cron_schedule") if call is not None else None
    if call is not None and given is None and dotted(call.func)[-1:] == ("schedule",):
        given = next((arg for arg in call.args if arg.keyword is None and not arg.star), None)
    if given is None:
        raise RecipeError(
            schedule.path,
            schedule.line,
            f"the schedule of {wanted.job} is given no cron here; write cron_schedule= as a keyword.",
        )
    at = file.own_literal(given.value)
    if not isinstance(constant(at, file.env()), str):
        raise source.error(
            given,
            f"the cron `{source.code(given.value)}` cannot be told from this file; write it as a literal.",
        )
    if at is given.value and file.is_last_use(at):
        raise source.error(given, f"`{source.code(at)}` would be left unused; change it where it is defined.")
    return {schedule.path: source.spliced([Splice(*source.span(at), _literal(source, at, wanted.cron))])}


def _literal(source: PythonSource, at: cst.BaseExpression, cron: str) -> str:
    if isinstance(at, cst.SimpleString) and len(at.quote) == 1 and at.quote not in cron:
        return f"{at.quote}{cron}{at.quote}"
    return source.string(cron)


# --- a job that has none ----------------------------------------------------------------------------------


def _added(
    tree: Tree, code: LocationCode, definitions: Definitions, wanted: DagsterSchedule
) -> Mapping[str, bytes]:
    job = next((job for job in gathered([definitions], Site("", 1)).jobs if job.name == wanted.job), None)
    if job is None:
        raise RecipeError(definitions.path, definitions.line, f"no job {wanted.job} is in these definitions.")
    file, call = _definitions_call(tree, definitions, job)
    if call is None:
        if not _is_autoloaded(code, job):
            raise RecipeError(
                definitions.path,
                definitions.line,
                f"no `Definitions(...)` holds {wanted.job} here; add its schedule where they are put together.",
            )
        return _beside_the_job(tree, code, job, wanted)
    name = _free_name(file, wanted.job)
    body = _text(file, _name_of_job(code, file.source.path, job), wanted)
    statement = _statement(file.source, call)
    if statement is None:
        splices = _registered(file, call, body)
    else:
        at = file.source.line_start(file.source.span(statement)[0])
        new = f"{name} = {body}{file.source.newline}{file.source.newline}"
        splices = [Splice(at, at, new), *_registered(file, call, name)]
    return {file.source.path: file.source.spliced([*splices, *file.needs()])}


def _definitions_call(
    tree: Tree, definitions: Definitions, job: Job
) -> tuple[LibrarySource, cst.Call | None]:
    """The one call of `Definitions` that holds the job: where the location is put together, or in the job's file."""
    file = LibrarySource.open(tree, DAGSTER, definitions.path)
    for path in dict.fromkeys([definitions.path, job.path]):
        file = LibrarySource.open(tree, DAGSTER, path)
        calls = [call for call in file.source.all(cst.Call) if dotted(call.func)[-1:] == ("Definitions",)]
        holding = [call for call in calls if argument(call, "jobs") is not None]
        chosen = holding if len(holding) == 1 else calls
        if len(chosen) == 1:
            return file, chosen[0]
    return file, None


def _registered(file: LibrarySource, call: cst.Call, text: str) -> list[Splice]:
    """`text` among the schedules of the definitions, whatever they are made of now."""
    source = file.source
    given = argument(call, "schedules")
    if given is None:
        return with_entries(source, call, {"schedules": f"[{text}]"})
    at = file.own_literal(given.value)
    if isinstance(at, cst.List):
        return with_element(source, at, text)
    return [Splice(*source.span(given.value), f"[*{source.code(given.value)}, {text}]")]


def _is_autoloaded(code: LocationCode, job: Job) -> bool:
    return bool(code.defs_folder) and job.path.startswith(f"{code.defs_folder}/")


def _beside_the_job(tree: Tree, code: LocationCode, job: Job, wanted: DagsterSchedule) -> Mapping[str, bytes]:
    """In a `defs` folder all that stands at the top of a module is loaded, so it goes to the job's own."""
    file = LibrarySource.open(tree, DAGSTER, job.path)
    source = file.source
    name = _free_name(file, wanted.job)
    body = _text(file, _name_of_job(code, job.path, job), wanted)
    end = len(source.text)
    gap = "" if source.text.endswith(source.newline) else source.newline
    return {
        job.path: source.spliced(
            [Splice(end, end, f"{gap}{source.newline}{name} = {body}{source.newline}"), *file.needs()]
        )
    }


def _text(file: LibrarySource, job: str | None, wanted: DagsterSchedule) -> str:
    source = file.source
    target = f"job={job}" if job else f"job_name={source.string(wanted.job)}"
    parts = [target, f"cron_schedule={source.string(wanted.cron)}"]
    if wanted.timezone is not None:
        parts.append(f"execution_timezone={source.string(wanted.timezone)}")
    if wanted.running:
        parts.append(f"default_status={file.spelled('DefaultScheduleStatus')}.RUNNING")
    lines = "".join(f"{source.indent}{part},{source.newline}" for part in parts)
    return f"{file.spelled('ScheduleDefinition')}({source.newline}{lines})"


def _name_of_job(code: LocationCode, path: str, job: Job) -> str | None:
    """The name by which a file knows the job; None where it does not."""
    names = code.file_scope(path).names
    for name, value in names.items():
        if value is job or (isinstance(value, Job) and value.name == job.name):
            return name
    for name, value in names.items():
        scope = code.module_scope(value.name) if isinstance(value, Module) else None
        for inner, held in scope.names.items() if scope else ():
            if isinstance(held, Job) and held.name == job.name:
                return f"{name}.{inner}"
    return None


def _free_name(file: LibrarySource, job: str) -> str:
    stem = f"{job}_schedule" if f"{job}_schedule".isidentifier() else "job_schedule"
    name, number = stem, 2
    while file.binds(name):
        name, number = f"{stem}_{number}", number + 1
    return name


def _statement(source: PythonSource, call: cst.Call) -> cst.SimpleStatementLine | None:
    """The statement of the module that a call stands in; None where it stands in a function."""
    parents = list(source.parents(call))
    if any(isinstance(parent, cst.FunctionDef | cst.ClassDef) for parent in parents):
        return None
    return next((parent for parent in parents if isinstance(parent, cst.SimpleStatementLine)), None)
