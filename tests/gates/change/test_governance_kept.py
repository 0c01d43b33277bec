import pytest

from meta_pipeline.delivery.topology import Pipeline
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg012_governance_kept import GovernanceKept
from meta_pipeline.gates.gate import Opinion
from meta_pipeline.policy import Policy

DBT = """version: 2
models:
  - name: users
    config:
      tags: [daily, pii]
      meta: {owner: crm, contains_pii: true}
      partition_expiration_days: 400
    columns:
      - name: email
        meta: {classification: confidential}
        tags: [pii, gdpr]
      - name: id
"""
DDL = "create table t (a int) options (partition_expiration_days = 90)"
ODCS = """kind: DataContract
schema:
  - name: users
    properties:
      - {name: email, classification: restricted}
slaProperties:
  - {property: retention, value: 3, unit: y}
"""


def judged(before: specimens.Files, after: specimens.Files) -> Opinion:
    return GovernanceKept().judge(Case(Policy(), change=specimens.change(before, after)))


def edited(text: str, old: str, new: str, path: str) -> Opinion:
    assert old in text
    return judged({path: text}, {path: text.replace(old, new)})


@pytest.mark.parametrize(
    "old,new,line",
    [
        ("[daily, pii]", "[daily]", 5),
        (", contains_pii: true", ", contains_pii: false", 6),
        ("owner: crm, ", "", 6),
        ("        meta: {classification: confidential}\n", "", 10),
        ("confidential", "public", 10),
        ("confidential", "internal", 10),
        ("[pii, gdpr]", "[gdpr]", 11),
        ("days: 400", "days: 40", 7),
        ("      partition_expiration_days: 400\n", "", 7),
    ],
)
def test_what_dbt_says_of_data_is_not_taken_away(old: str, new: str, line: int) -> None:
    opinion = edited(DBT, old, new, "models/users.yml")

    assert opinion.outcome == "needs_approval"
    assert [finding.line for finding in opinion.findings] == [line]


@pytest.mark.parametrize(
    "old,new",
    [
        ("[daily, pii]", "[pii, hourly]"),
        ("  - name: users\n", "  - name: users\n    description: who buys\n"),
        ("      - name: id\n", ""),
        ("contains_pii: true", "contains_pii: 'yes'"),
        ("[pii, gdpr]", "[gdpr, personal]"),
    ],
)
def test_what_weakens_nothing_passes(old: str, new: str) -> None:
    assert edited(DBT, old, new, "models/users.yml").outcome == "passed"


def test_what_moves_to_another_file_is_kept() -> None:
    after = {"models/crm/users.yml": DBT}

    assert judged({"models/users.yml": DBT}, after).outcome == "passed"


def test_what_goes_with_its_model_is_not_told() -> None:
    assert judged({"models/users.yml": DBT}, {}).outcome == "passed"


@pytest.mark.parametrize(
    "old,new",
    [
        ("classification: restricted", "classification: public"),
        ("value: 3", "value: 1"),
        ("unit: y", "unit: d"),
    ],
)
def test_what_a_contract_says_of_data_is_not_weakened(old: str, new: str) -> None:
    assert edited(ODCS, old, new, "contracts/users.odcs.yaml").outcome == "needs_approval"


def test_a_policy_tag_of_bigquery_is_kept() -> None:
    tagged = '[{"name": "email", "type": "STRING", "policyTags": {"names": ["projects/p/taxonomies/1/policyTags/2"]}}]'
    plain = '[{"name": "email", "type": "STRING"}]'

    assert judged({"schemas/users.json": tagged}, {"schemas/users.json": plain}).outcome == "needs_approval"


@pytest.mark.parametrize(
    "before,after,outcome",
    [
        ("select sha2(email, 256) as email from u", "select email from u", "needs_approval"),
        ("select mask_value(note) as note from u", "select note from u", "needs_approval"),
        ("select md5(u.phone) as phone\nfrom u", "select u.phone\nfrom u", "needs_approval"),
        ("select sha2(email, 256) as email from u", "select sha2(email, 512) as email from u", "passed"),
        ("select sha2(email, 256) as email from u", "select id from u", "passed"),
        ("select md5(order_id) as k from u", "select order_id as k from u", "passed"),
        ("select 1", "alter table u modify column email unset masking policy", "needs_approval"),
        (DDL, DDL.replace("90", "7"), "needs_approval"),
        (DDL.replace("90", "7"), DDL, "warned"),
    ],
)
def test_what_a_query_hides_or_keeps(before: str, after: str, outcome: str) -> None:
    assert judged({"sql/u.sql": before}, {"sql/u.sql": after}).outcome == outcome


@pytest.mark.parametrize(
    "before,after,outcome",
    [
        ("retention_days = 365\n", "retention_days = 30\n", "needs_approval"),
        ('tags = {"pii": True}\n', "tags = {}\n", "needs_approval"),
        ('x = t(\n    metadata={"classification": "confidential"},\n)\n', "x = t()\n", "needs_approval"),
        ("retention_days = 365\n", "# older is kept too\nretention_days = 365\n", "passed"),
        ("retention_days = 365\n", "RETENTION = 365\nretention_days = RETENTION\n", "passed"),
        ("LOG_RETENTION_DAYS = 90\n", "LOG_RETENTION_DAYS = 9\n", "needs_approval"),
        ("delete_raw_files_after_days = 35\n", "delete_raw_files_after_days = 5\n", "needs_approval"),
        ("x = f(keep_days=30)\n", "x = f(keep_days=3)\n", "needs_approval"),
        ("x = f(days_to_keep=30)\n", "x = f(days_to_keep=60)\n", "warned"),
        ("max_age = 30\n", "max_age = 3\n", "passed"),
        ("ttl = 5\nsecret = get('x')\n", "ttl = 5\n", "passed"),
    ],
)
def test_what_code_says_of_data(before: str, after: str, outcome: str) -> None:
    assert judged({"jobs/a.py": before}, {"jobs/a.py": after}).outcome == outcome


def test_how_long_a_test_says_that_data_is_kept_counts_for_nothing() -> None:
    test = "settings = {'delete_raw_files_after_days': 35}\n"
    assert judged({"tests/test_a.py": test}, {"tests/test_a.py": "settings = {}\n"}).outcome == "passed"


def test_tasks_of_one_dag_that_lose_their_owner_are_told_once() -> None:
    def dag(owner: str) -> Pipeline:
        return specimens.pipeline(
            *(specimens.node(name, owner=owner) for name in ("a", "b", "c")), owner=owner
        )

    change = specimens.change(base=(dag("crm"),), head=(dag("airflow"),))
    opinion = GovernanceKept().judge(Case(Policy(), change=change))

    assert opinion.outcome == "needs_approval"
    assert len(opinion.findings) == 1
    assert "2 more" in opinion.reason


def test_a_new_column_called_as_marked_ones_are_is_told() -> None:
    more = f"{DBT}  - name: leads\n    columns:\n      - name: email\n"

    assert judged({"models/users.yml": DBT}, {"models/users.yml": more}).outcome == "warned"


@pytest.mark.parametrize(
    "path,text",
    [
        ("config.yml", "landing:\n  delete_raw_after_days: %s\n"),
        ("settings.toml", "[logs]\nlog_retention_days = %s\n"),
        ("airflow.cfg", "[logging]\nkeep_days = %s\n"),
        ("dagster.yaml", "retention:\n  schedule:\n    purge_after_days: %s\n"),
    ],
)
def test_settings_that_keep_data_for_less_long_are_for_a_person(path: str, text: str) -> None:
    result = judged({path: text % 90}, {path: text % 7})

    assert result.outcome == "needs_approval"
    assert result.findings[0].line == text.count("\n")
    assert judged({path: text % 7}, {path: text % 90}).outcome == "warned"
