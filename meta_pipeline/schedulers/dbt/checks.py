"""Reads the data tests of a column or resource, in each of the forms that dbt knows."""

from meta_pipeline.delivery.yaml_source import Located
from meta_pipeline.schedulers.dbt.resources import Check

CONFIG_KEYS = frozenset(
    {
        "alias",
        "database",
        "enabled",
        "error_if",
        "fail_calc",
        "group",
        "limit",
        "meta",
        "schema",
        "severity",
        "sql_header",
        "store_failures",
        "store_failures_as",
        "tags",
        "warn_if",
        "where",
    }
)
"""What dbt takes as configuration of a test also where it stands among the arguments."""


def checks_of(entry: Located) -> tuple[Check, ...]:
    """The tests under `tests:` and `data_tests:`, which mean the same."""
    found = (_check(item) for key in ("tests", "data_tests") for item in entry.get(key).each())
    return tuple(check for check in found if check is not None)


def _check(item: Located) -> Check | None:
    """`unique`, `accepted_values: {values: [...]}`, or `{name: mine, test_name: accepted_values, values: [...]}`."""
    if item.text:
        return Check(name=_builtin(item.text), arguments={}, config={}, line=item.line)
    if "test_name" in item:
        name, body = item.get("test_name").text, item
    else:
        # An empty test is `unique:` with nothing below it.
        name, body = next(item.pairs(), ("", item))
    if not name:
        return None
    arguments: dict[str, object] = {}
    config: dict[str, object] = {}
    for key, value in body.pairs():
        if key in ("arguments", "config"):
            (arguments if key == "arguments" else config).update(
                {inner: held.plain() for inner, held in value.pairs()}
            )
        elif key in CONFIG_KEYS:
            config.setdefault(key, value.plain())
        elif key not in ("name", "test_name", "description"):
            arguments[key] = value.plain()
    return Check(
        name=_builtin(name),
        arguments=arguments,
        config=config,
        line=item.line,
        title=body.get("name").text or None,
    )


def _builtin(name: str) -> str:
    # The tests of dbt itself may be called with their package.
    return name.removeprefix("dbt.")
