"""What metrics, semantic models and saved queries of a property file are made of."""

from collections.abc import Iterator

from meta_pipeline.delivery.yaml_source import Located


def measures_of(entry: Located) -> tuple[tuple[str, bool], ...]:
    """The measures of a semantic model, each with whether it makes a metric of its own name too."""
    return tuple(
        (measure.get("name").text, measure.get("create_metric").value is True)
        for measure in entry.get("measures").each()
        if measure.get("name").text
    )


def uses_of(entry: Located) -> tuple[tuple[str, str], ...]:
    """The measures and metrics that a metric or a saved query is made of, as `("measure", "revenue")`."""
    return tuple(dict.fromkeys(_uses(entry)))


def _uses(entry: Located) -> Iterator[tuple[str, str]]:
    for metric in entry.get("query_params").get("metrics").texts():
        yield "metric", metric
    given = entry.get("type_params")
    for key in ("measure",):
        yield from _named("measure", given.get(key))
    for key in ("numerator", "denominator"):
        yield from _named("metric", given.get(key))
    for input_metric in given.get("metrics").each():
        yield from _named("metric", input_metric)
    yield from _named("metric", given.get("cumulative_type_params").get("metric"))
    for key in ("base_measure", "conversion_measure"):
        yield from _named("measure", given.get("conversion_type_params").get(key))


def _named(kind: str, value: Located) -> Iterator[tuple[str, str]]:
    """A name alone, or a mapping with it."""
    name = value.text or value.get("name").text
    if name:
        yield kind, name
