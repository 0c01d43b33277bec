import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meta_pipeline.policy import Policy, PolicyError, read_policy


@pytest.mark.parametrize(
    "text, says",
    [
        ("", ":1: a policy is a mapping of keys; begin with 'version: 1'."),
        ("- a\n", ":1: a policy is a mapping"),
        ("version: 1\ncommands: [\n", "this is not YAML"),
        ("version: " + "[" * 5000, "nested too deeply"),
        (
            "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)),
            "aliases",
        ),
        ("version: 1\nversion: 1\n", ":2: this is not YAML: found duplicate key"),
        ("version: 1\ntarget: a\x1f\n", ":2: this is not YAML: it holds a control character"),
        ("version: 1\ndry_run: {logical_date: 2026-13-45}\n", "a value cannot be read: month must be"),
        ("version: 2\n", ":1: 'version' is wrong"),
        ("version: 1\n\ntarget: Sales\n", ":3: 'target' is wrong: write a name of lower-case letters"),
        ("version: 1\nretrys: {}\n", ":2: unknown key 'retrys'; write 'retries'."),
        ("version: 1\nzzz: {}\n", ":2: unknown key 'zzz'; the keys here are change, commands,"),
        ("version: 1\nretries:\n  minimum: 1\n  delay: 3\n", ":4: unknown key 'retries.delay'"),
        ("version: 1\nsignoff: {review: 0}\n", "'signoff.review' is wrong"),
        (
            "version: 1\nenvironment:\n  python: 3.10\n",
            ":3: 'environment.python' is wrong: put the version in",
        ),
        ("version: 1\nscheduler: {kind: cron}\n", "'scheduler.kind' is wrong"),
        ("version: 1\ngates: {VAL001: off}\n", "'gates.VAL001.outcome' is wrong"),
        (
            "version: 1\ngates:\n  VAL001:\n    where: [{outcome: warned}]\n",
            r"yaml:4: 'gates.VAL001.where.0' is wrong",
        ),
        ("version: 1\ngates:\n  VAL001:\n    outcom: warned\n", "write 'outcome'"),
        ('version: 1\ncommands:\n  lint: "ruff \'a"\n', ":3: 'commands.lint' is wrong: it cannot be read as"),
        ("version: 1\ncommands: {unit_tests: ''}\n", "it is empty; write a program and its arguments"),
        ("version: 1\nlimits: {seconds: -1}\n", "'limits.seconds' is wrong"),
        (
            "version: 1\ndata_quality:\n  great_expectations:\n    - project: gx\n      checkpoint: a\n",
            "unknown key 'data_quality.great_expectations.0.checkpoint'; write 'checkpoints'",
        ),
    ],
)
def test_a_wrong_policy_is_told_with_line_and_mend(text: str, says: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy(text)
    assert str(caught.value).startswith(".meta-pipeline.yaml:")
    assert says in str(caught.value)
    assert str(caught.value).endswith(".")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy("version: 1\na: 1\nb: 2\n", "policy.yaml")
    assert "policy.yaml:2: unknown key 'a'" in str(caught.value)
    assert "policy.yaml:3: unknown key 'b'" in str(caught.value)


def test_dates_and_numbers_are_read_as_people_write_them() -> None:
    policy = read_policy("version: 1\ndry_run: {logical_date: 2026-01-05}\nlimits: {seconds: 90}\n")
    assert policy.dry_run.logical_date == "2026-01-05"
    assert policy.limits.seconds == 90
    assert read_policy("version: 1\n") == Policy()


def complaint(text: str) -> str | None:
    """What is wrong with a policy; None where nothing is."""
    try:
        read_policy(text)
    except PolicyError as error:
        return str(error)
    return None


@given(st.text(max_size=60))
def test_any_text_is_a_policy_or_told_to_be_none(text: str) -> None:
    assert (complaint(text) or ".meta-pipeline.yaml:").startswith(".meta-pipeline.yaml:")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(alphabet="ab: -[]{}\"'#&*!|>%@`\n", max_size=8),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*Policy.model_fields]), inner)
        ),
        max_leaves=6,
    )
)
def test_any_document_of_known_keys_is_a_policy_or_told_to_be_none(document: object) -> None:
    assert (complaint(json.dumps(document)) or ".meta-pipeline.yaml:").startswith(".meta-pipeline.yaml:")


def test_schedulers_are_named_under_one_key() -> None:
    text = "scheduler: {kind: dbt}\nschedulers:\n  - {kind: airflow}\n"
    with pytest.raises(PolicyError) as caught:
        read_policy(text)
    assert str(caught.value) == (
        ".meta-pipeline.yaml:2: 'schedulers' is wrong: 'scheduler' names one too; move it into this list."
    )


def test_each_scheduler_has_its_own_environment_or_the_policys() -> None:
    policy = read_policy(
        "environment: {python: '3.11'}\n"
        "schedulers:\n"
        "  - {kind: airflow, paths: [dags]}\n"
        "  - {kind: dbt, paths: [shop], environment: {python: '3.12'}}\n"
    )
    airflow, dbt = policy.for_each_scheduler()
    assert (airflow.environment.python, dbt.environment.python) == ("3.11", "3.12")
    assert [one.kind for one in airflow.all_schedulers] == ["airflow"]
    (project,) = policy.dbt_projects
    assert (project.project, project.environment) == ("shop", dbt.environment)
