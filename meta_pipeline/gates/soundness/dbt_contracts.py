"""dbt models whose enforced contract and query no longer say the same."""

from collections.abc import Iterator

from meta_pipeline.contracts.changes import BUILDS
from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.weighing import Weighed, weighed
from meta_pipeline.schedulers.dbt.project import project_folders


def contract_faults(change: Change) -> Iterator[Weighed]:
    """Each column that an enforced contract names and the query does not make, or the other way round.

    dbt compares both before it builds, and builds nothing where they differ.
    """
    if not project_folders(change.head) or not any(file.path.endswith(BUILDS) for file in change.files):
        return
    # It loads parsers of SQL and of templates.
    from meta_pipeline.contracts.dbt import Model, Models, line_of
    from meta_pipeline.contracts.dbt_changes import changed_projects
    from meta_pipeline.schedulers.dbt.static.made import Doubtful

    def apart(model: Model | None, side: Models) -> frozenset[str]:
        if model is None or not model.enforced or not model.declared:
            return frozenset()
        made = side.made(model.name)
        if isinstance(made, Doubtful):
            return frozenset()
        return frozenset({column.name.casefold() for column in model.declared} ^ {one.name for one in made})

    changed = {file.path for file in change.files}
    for project in changed_projects(change):
        for old, new in project.touched():
            found = apart(new, project.head)
            if not found or (old is not None and old.enforced and not found - apart(old, project.base)):
                continue
            made = project.head.made(new.name)
            assert not isinstance(made, Doubtful)
            declared = {column.name.casefold(): column for column in new.declared}
            former = {column.name.casefold(): column for column in old.declared} if old else {}
            for name in sorted(found - apart(old, project.base)):
                if name in declared:
                    said = (
                        f"the contract of {new.name} names the column {name}, which its query does not make"
                    )
                    path, line = new.path, declared[name].line
                else:
                    said = (
                        f"the query of {new.name} makes the column {name}, which its contract does not name"
                    )
                    one = next(one for one in made if one.name == name)
                    path, line = new.file, line_of(one, new.text) or 1
                    if new.path in changed and name in former:
                        path, line = new.path, former[name].line
                yield weighed(
                    "failed",
                    f"{said}; the contract is enforced, and dbt refuses to build the model",
                    "let the contract and the query name the same columns",
                    path=path,
                    line=line,
                )
