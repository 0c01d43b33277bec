"""One dbt test on a column of a model, seed or source."""

from collections.abc import Mapping

from yaml.nodes import MappingNode, Node, ScalarNode

from meta_pipeline.authors.recipes.dbt_entries import (
    ColumnPlace,
    items_of,
    open_properties,
    place_of,
    project_of,
    with_column,
)
from meta_pipeline.authors.recipes.dbt_tests import NoTest, habit_of, test_for
from meta_pipeline.authors.recipes.recipe import Fit, Misfit, Recipe, RecipeError, Watch
from meta_pipeline.authors.recipes.yaml_source import YamlSource, child, plain
from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.differences.compare import differences
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.overlay import OverlayTree
from meta_pipeline.delivery.plan import TopologyEdit
from meta_pipeline.delivery.requirements import Criterion, Expectation
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.schedulers.dbt.static.reader import read_topologies

Value = bool | int | float | str | tuple[bool | int | float | str, ...]


class DbtTestParameters(Frozen):
    """The column at `place` shall have the generic test `name` with these arguments.

    `key` is what the project calls its lists of tests; `nested` puts the arguments under `arguments:`. `macro_path`
    and `macro` are a generic test that the project gets with it.
    """

    place: ColumnPlace
    name: str
    arguments: tuple[tuple[str, Value], ...]
    key: str
    nested: bool
    macro_path: str | None = None
    macro: str | None = None


class AddDbtTest(Recipe[DbtTestParameters]):
    """Adds a dbt test to a column in the YAML of its model, seed or source, or gives the one there new arguments.

    Served by dbt's own tests, by dbt_utils or dbt_expectations where the project installs them, and for a range
    otherwise by a generic test that the project gets. All other text of the file stays as it is.
    """

    id = "add_dbt_test"
    title = "Add a dbt test"
    model = DbtTestParameters
    serves = frozenset({"unexpected_values"})

    def takes(self, criterion: Criterion, context: RepoContext, tree: Tree) -> bool:
        return (
            criterion.expectation is not None and project_of(tree, criterion.expectation.dataset) is not None
        )

    def group(self, criterion: Criterion) -> tuple[str, ...]:
        return (criterion.subject, criterion.expectation.type if criterion.expectation else "")

    def fit(self, criteria: tuple[Criterion, ...], context: RepoContext, tree: Tree) -> Fit | Misfit:
        rule = _joined(criteria)
        if isinstance(rule, Misfit):
            return rule
        models = project_of(tree, rule.dataset)
        if models is None:
            return Misfit(f"a dbt model, seed or source called {rule.dataset}")
        known = next((d for d in context.datasets if d.name == rule.dataset), None)
        if known is not None and known.complete and known.columns and rule.column not in known.columns:
            return Misfit(f"a column {rule.column} in {rule.dataset}; it has {', '.join(known.columns)}")
        test = test_for(rule, models)
        if isinstance(test, NoTest):
            return Misfit(test.missing)
        place = place_of(models, rule.dataset, rule.column)
        habit = habit_of(models, place.path)
        parameters = DbtTestParameters(
            place=place,
            name=test.name,
            arguments=tuple((key, _frozen(value)) for key, value in test.arguments),
            key=habit.key,
            nested=habit.nested,
            macro_path=test.path,
            macro=test.sql,
        )
        try:
            written = self.apply(tree, parameters)
        except RecipeError as error:
            return Misfit(f"a supported property file: {error}")
        arguments = ", ".join(f"{key}={_shown(value)}" for key, value in parameters.arguments)
        said = f"{test.name}({arguments})" if arguments else test.name
        column = f"{rule.dataset}.{rule.column}"
        files = (place.path, *((test.path,) if test.path else ()))
        return Fit(
            parameters=parameters,
            summary=f"Test {column} with {said}" if written else f"Keep the test {said} of {column}",
            files=files,
            creates=tuple(path for path in files if tree.read(path) is None),
            data_flow=f"dbt reads {rule.dataset} once more when it tests; nothing is built differently.",
            verification=f"Run dbt build on {rule.dataset}; {test.name} of {column} finds no row.",
            rollback=f"Revert the change of {' and '.join(files)}; no data has to be undone.",
            edits=_edits(tree, written, models.project.folder),
            metrics=(Watch("failing rows", column, "any row fails the test"),),
            notes=(f"The project has no test for a range, so it gets one: {test.path}.",)
            if test.path
            else (),
        )

    def apply(self, tree: Tree, parameters: DbtTestParameters) -> Mapping[str, bytes]:
        source, column = with_column(open_properties(tree, parameters.place), parameters.place)
        written = dict(_with_test(source, column, parameters).written(tree))
        if parameters.macro_path and parameters.macro and tree.read(parameters.macro_path) is None:
            written[parameters.macro_path] = parameters.macro.encode()
        return written


def _joined(criteria: tuple[Criterion, ...]) -> Expectation | Misfit:
    """One rule out of all that is demanded of the column in one respect."""
    first = criteria[0].expectation
    if first is None:
        return Misfit(f"a rule for {criteria[0].subject}; the criterion names none for its values")
    kwargs = dict(first.kwargs)
    for criterion in criteria[1:]:
        for name, value in criterion.expectation.kwargs if criterion.expectation else ():
            if kwargs.setdefault(name, value) != value:
                return Misfit(f"one {name} for {criteria[0].subject}; the criteria give two")
    return first.model_copy(update={"kwargs": tuple(sorted(kwargs.items()))})


def _with_test(source: YamlSource, column: MappingNode, parameters: DbtTestParameters) -> YamlSource:
    wanted = {key: list(value) if isinstance(value, tuple) else value for key, value in parameters.arguments}
    there = [key for key in ("data_tests", "tests") if child(column, key) is not None]
    for key in there:
        for item in items_of(child(column, key)):
            name, body = _called(item)
            if name.rpartition(".")[2] != parameters.name.rpartition(".")[2] or _is_conditional(body):
                continue
            return _with_arguments(source, body, wanted)
    test: object = parameters.name
    if wanted:
        test = {parameters.name: {"arguments": wanted} if parameters.nested else wanted}
    return source.with_item(column, there[0] if there else parameters.key, test)


def _called(item: Node) -> tuple[str, MappingNode | None]:
    """The generic test of an item, and its arguments and settings where it has any."""
    if isinstance(item, ScalarNode):
        return item.value, None
    if isinstance(item, MappingNode):
        title = child(item, "test_name")
        if isinstance(title, ScalarNode):
            return title.value, item
        if item.value:
            key, value = item.value[0]
            return str(key.value), value if isinstance(value, MappingNode) else None
    return "", None


def _is_conditional(body: MappingNode | None) -> bool:
    """Whether the test looks at some rows only, or only warns: then it is another test."""
    if body is None:
        return False
    settings = [body, child(body, "config")]
    severity = next((child(s, "severity") for s in settings if child(s, "severity")), None)
    warns = isinstance(severity, ScalarNode) and severity.value.casefold() == "warn"
    return warns or any(
        child(s, key) is not None for s in settings for key in ("where", "limit", "warn_if", "error_if")
    )


def _with_arguments(source: YamlSource, body: MappingNode | None, wanted: Mapping[str, object]) -> YamlSource:
    """The test that is there, with the wanted arguments in the place of its own."""
    if body is None:
        return source
    arguments = child(body, "arguments")
    held = arguments if isinstance(arguments, MappingNode) else body
    for key, value in wanted.items():
        node = child(held, key)
        if node is not None and plain(node) == value:
            continue
        edited = source.with_key(held, key, value) if node is None else source.with_value(held, key, value)
        # One argument at a time: each edit moves the text behind it.
        return _with_arguments(edited, _again(edited, body), wanted)
    return source


def _again(source: YamlSource, body: MappingNode) -> MappingNode | None:
    """The mapping of the edited text that begins where `body` did: the edit came behind its start."""
    stack: list[Node] = [source.root] if source.root else []
    while stack:
        node = stack.pop()
        if isinstance(node, MappingNode):
            if node.start_mark.index == body.start_mark.index:
                return node
            stack += [part for pair in node.value for part in pair]
        else:
            stack += items_of(node)
    return None


def _edits(tree: Tree, written: Mapping[str, bytes], folder: str) -> tuple[TopologyEdit, ...]:
    """What the test is to dbt: one node more, as a rule."""
    before, after = read_topologies(tree, folder), read_topologies(OverlayTree(tree, written), folder)
    found = (
        TopologyEdit(pipeline=d.pipeline, node=d.node, field=d.field) for d in differences(before, after)
    )
    return tuple(dict.fromkeys(found))


def _frozen(value: object) -> Value:
    assert isinstance(value, bool | int | float | str | list)
    return tuple(value) if isinstance(value, list) else value


def _shown(value: Value) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)
