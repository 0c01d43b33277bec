"""The description of one column of a dbt model, seed or source."""

from collections.abc import Mapping

from yaml.nodes import ScalarNode

from meta_pipeline.authors.recipes.dbt_entries import (
    ColumnPlace,
    open_properties,
    place_of,
    project_of,
    with_column,
)
from meta_pipeline.authors.recipes.recipe import Fit, Misfit, Recipe, RecipeError, Watch
from meta_pipeline.authors.recipes.yaml_source import child
from meta_pipeline.delivery.context import RepoContext
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.delivery.requirements import Criterion
from meta_pipeline.delivery.tree import Tree, text_of


class DescriptionParameters(Frozen):
    """The column at `place` shall be described by `text`, on one line."""

    place: ColumnPlace
    text: str


class DescribeColumn(Recipe[DescriptionParameters]):
    """Writes the description of a column into the YAML that describes its dbt model, seed or source.

    The entries of column and model, and the file, are made where they are missing, in the style of the project. All
    other text of the file stays as it is.
    """

    id = "describe_column"
    title = "Describe a column"
    model = DescriptionParameters
    serves = frozenset({"column_description"})

    def fit(self, criteria: tuple[Criterion, ...], context: RepoContext, tree: Tree) -> Fit | Misfit:
        dataset, _, column = criteria[0].subject.rpartition(".")
        texts = {" ".join(str(criterion.threshold).split()) for criterion in criteria}
        if len(texts) != 1 or any(criterion.comparator != "==" for criterion in criteria):
            return Misfit(f"one description that {criteria[0].subject} shall have")
        models = project_of(tree, dataset)
        if models is None:
            return Misfit(f"a dbt model, seed or source called {dataset}, whose YAML it could write to")
        known = next((d for d in context.datasets if d.name == dataset), None)
        if known is not None and known.complete and known.columns and column not in known.columns:
            return Misfit(f"a column {column} in {dataset}; it has {', '.join(known.columns)}")
        parameters = DescriptionParameters(place=place_of(models, dataset, column), text=texts.pop())
        path = parameters.place.path
        before = text_of(tree, path)
        try:
            self.apply(tree, parameters)
        except RecipeError as error:
            return Misfit(f"a supported property file: {error}")
        return Fit(
            parameters=parameters,
            summary=f"Describe column {column} of {dataset}",
            files=(path,),
            creates=(path,) if before is None else (),
            data_flow=f"Only what is said of {dataset} changes; nothing is read, built or tested differently.",
            verification=f"Read {path} at head; {dataset}.{column} is described as demanded.",
            rollback=f"Revert the change of {path}; no data has to be undone.",
            metrics=(Watch("failed runs", models.project.name, "a run fails that passed before the change"),),
            notes=self._notes(tree, parameters),
        )

    def apply(self, tree: Tree, parameters: DescriptionParameters) -> Mapping[str, bytes]:
        source, column = with_column(open_properties(tree, parameters.place), parameters.place)
        held = child(column, "description")
        if held is None:
            source = source.with_key(
                column, "description", parameters.text, after=("name", "data_type", "quote")
            )
        elif not isinstance(held, ScalarNode):
            raise source.error(held, "the description is no text; make it one.")
        elif " ".join(held.value.split()) != parameters.text:
            source = source.with_value(column, "description", parameters.text)
        return source.written(tree)

    @staticmethod
    def _notes(tree: Tree, parameters: DescriptionParameters) -> tuple[str, ...]:
        _, column = with_column(open_properties(tree, parameters.place), parameters.place)
        held = child(column, "description")
        if isinstance(held, ScalarNode) and "doc(" in held.value:
            return (f"The description was {held.value}; that block of documentation is no longer used here.",)
        return ()
