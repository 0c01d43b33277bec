from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy

PROJECT = {"dbt_project.yml": "name: shop\n"}


def judged(
    before: dict[str, str], after: dict[str, str], policy: Policy | None = None, gate: str = "CHG010"
) -> GateResult:
    change = specimens.change(PROJECT | before, PROJECT | after)
    return judge(catalogue().gates[gate], Case(policy or Policy(), change=change))


def messages(before: dict[str, str], after: dict[str, str], policy: Policy | None = None) -> list[str]:
    return [finding.message for finding in judged(before, after, policy).findings]


def entry(columns: str, *, enforced: bool = False) -> str:
    config = "config: {contract: {enforced: true}}, " if enforced else ""
    return f"models: [{{name: orders, {config}columns: [{columns}]}}]\n"


def sql(columns: str, head: str = "") -> str:
    return f"{head} select {columns} from raw\n"  # noqa: S608  nothing runs it


SQL = {"models/orders.sql": "select id, amount from raw\n"}
OPAQUE = {"models/orders.sql": "select {{ columns() }} from raw\n"}


def test_a_description_that_goes_is_no_dropped_column() -> None:
    before = SQL | {"models/a.yml": entry("{name: id}, {name: amount}")}
    after = SQL | {"models/a.yml": entry("{name: id}")}
    assert messages(before, after) == []
    opaque = OPAQUE | {"models/a.yml": entry("{name: id}, {name: amount}")}
    assert messages(opaque, OPAQUE | {"models/a.yml": entry("{name: id}")}) == []


def test_an_old_description_is_no_column() -> None:
    before = SQL | {"models/a.yml": entry("{name: id}, {name: long_gone}")}
    after = {"models/orders.sql": "select id, amount, 1 as n from raw\n", "models/a.yml": entry("{name: id}")}
    assert messages(before, after) == []


def test_a_column_of_an_enforced_contract_counts_where_the_query_cannot_be_read() -> None:
    before = OPAQUE | {"models/a.yml": entry("{name: id, data_type: int}, {name: amount}", enforced=True)}
    after = OPAQUE | {"models/a.yml": entry("{name: id, data_type: text}", enforced=True)}
    assert messages(before, after) == [
        "column id of orders changes its type from int to text; its readers rely on it",
        "column amount of orders is dropped; its readers rely on it",
    ]


def test_a_type_that_is_only_described_is_no_type() -> None:
    before = OPAQUE | {"models/a.yml": entry("{name: id, data_type: int}")}
    assert messages(before, OPAQUE | {"models/a.yml": entry("{name: id, data_type: text}")}) == []
    cast = {"models/orders.sql": sql("cast(id as bigint) as id")}
    assert messages(cast, {"models/orders.sql": sql("cast(id as int) as id")}) == [
        "column id of orders changes its type from BIGINT to INT, which is narrower; its readers rely on it"
    ]


def test_a_constraint_tightens_only_an_enforced_contract_and_a_test_never() -> None:
    plain = entry("{name: id}")
    for enforced, found in (
        (True, ["column id of orders becomes required; its readers rely on it"]),
        (False, []),
    ):
        before = SQL | {"models/a.yml": entry("{name: id}", enforced=enforced)}
        after = SQL | {
            "models/a.yml": entry("{name: id, constraints: [{type: not_null}]}", enforced=enforced)
        }
        assert messages(before, after) == found
    tested = SQL | {"models/a.yml": entry("{name: id, data_tests: [not_null, unique]}")}
    assert messages(SQL | {"models/a.yml": plain}, tested) == []


def test_a_contract_that_is_no_longer_enforced() -> None:
    before = SQL | {"models/a.yml": entry("{name: id}", enforced=True)}
    after = SQL | {"models/a.yml": entry("{name: id}")}
    assert messages(before, after) == ["the contract of orders is no longer enforced; its readers rely on it"]


def test_private_ephemeral_and_disabled_models_are_nobody_elses() -> None:
    for setting in ("access='private'", "materialized='ephemeral'", "enabled=false"):
        head = f"{{{{ config({setting}) }}}}"
        before = {"models/orders.sql": sql("id, amount", head)}
        after = {"models/orders.sql": sql("id", head)}
        assert messages(before, after) == []


def test_folder_settings_of_the_project_count() -> None:
    project = {"dbt_project.yml": "name: shop\nmodels:\n  shop:\n    core:\n      +materialized: ephemeral\n"}
    before = project | {"models/core/orders.sql": "select id, amount from raw\n"}
    after = project | {"models/core/orders.sql": "select id from raw\n"}
    assert messages(before, after) == []


def test_a_removed_or_disabled_model_is_left_to_the_gate_for_removals() -> None:
    assert messages(SQL, {}) == []
    assert messages(SQL, {"models/orders.sql": "{{ config(enabled=false) }} select id from raw\n"}) == []


def test_a_seed_has_the_columns_of_its_head() -> None:
    before, after = {"seeds/shops.csv": "id,name\n1,a\n"}, {"seeds/shops.csv": "id,title\n1,a\n"}
    (message,) = messages(before, after)
    assert message.startswith("column name of shops is renamed to title")


def test_a_model_that_moves_is_the_same_model() -> None:
    after = {"models/core/orders.sql": "select id from raw\n"}
    result = judged(SQL, after)
    assert [(f.path, f.message.split(";")[0]) for f in result.findings] == [
        ("models/core/orders.sql", "column amount of orders is dropped")
    ]


def test_a_select_of_everything_is_followed_to_where_its_columns_are_made() -> None:
    final = {"models/final.sql": "select * from {{ ref('orders') }}\n"}
    after = SQL | {"models/final.sql": "select id from {{ ref('orders') }}\n"}
    assert messages(SQL | final, after) == ["column amount of final is dropped; its readers rely on it"]


def test_a_version_of_a_model_has_columns_of_its_own() -> None:
    def files(columns: str) -> dict[str, str]:
        return {
            "models/orders_v1.sql": "select {{ c() }} from raw\n",
            "models/orders_v2.sql": sql(columns),
            "models/a.yml": "models: [{name: orders, versions: [{v: 1}, {v: 2}]}]\n",
        }

    assert messages(files("id, amount"), files("id")) == [
        "column amount of orders.v2 is dropped; its readers rely on it"
    ]


def test_the_log_is_the_policys_and_must_name_dataset_and_column() -> None:
    after = {"models/orders.sql": "select id from raw\n"}
    policy = Policy(references={"changelog": "CHANGELOG.md"})
    before = SQL | {"CHANGELOG.md": "- orders.amount\n"}
    assert judged(before, after | {"CHANGELOG.md": "- orders.amount\n"}, policy).outcome == "failed"
    for entry_, outcome in (
        ("- orders: amounts change\n", "failed"),
        ("- preorders lose `amount`\n", "failed"),
        ("- `orders` loses `amount`\n", "needs_approval"),
    ):
        told = after | {"CHANGELOG.md": f"{entry_}- orders.amount\n"}
        assert judged(before, told, policy).outcome == outcome
    assert judged(before, after | {"CHANGELOG.md": ""}).outcome == "needs_approval"


def test_contracts_lie_where_the_policy_says() -> None:
    def file(columns: str) -> dict[str, str]:
        return {"data/orders.yaml": f"schema: [{{name: orders, properties: [{columns}]}}]\n"}

    before, after = file("{name: id}, {name: x}"), file("{name: id}")
    assert judged(before, after).outcome == "not_applicable"
    assert judged(before, after, Policy(contracts=("data/*.yaml",))).outcome == "needs_approval"


def test_a_contract_that_can_no_longer_be_read() -> None:
    path = "c/orders.odcs.yaml"
    result = judged({path: "schema: [{name: orders}]\n"}, {path: "schema: [\n"})
    assert (result.outcome, result.findings[0].line) == ("needs_approval", 2)


def test_a_contract_object_deleted_from_a_file_that_stays_is_a_removal() -> None:
    path = "c/sales.odcs.yaml"
    before = {path: "schema:\n- {name: orders}\n- {name: returns}\n"}
    result = judged(before, {path: "schema:\n- {name: orders}\n"}, gate="CHG004")
    assert (result.outcome, result.findings[0].path, result.findings[0].line) == ("failed", path, 3)
    moved = {path: "schema:\n- {name: orders}\n", "c/r.odcs.yaml": "schema: [{name: returns}]\n"}
    assert judged(before, moved, gate="CHG004").outcome == "passed"


def test_a_description_that_moves_to_another_file_is_no_removal() -> None:
    before = SQL | {"models/a.yml": entry("{name: id}")}
    assert judged(before, SQL | {"models/b.yml": entry("{name: id}")}, gate="CHG004").outcome == "passed"
    gone = judged(before, SQL | {"models/a.yml": "version: 2\n"}, gate="CHG004")
    assert (gone.outcome, gone.findings[0].path, gone.findings[0].line) == (
        "needs_approval",
        "models/a.yml",
        1,
    )


def test_a_column_is_told_of_where_the_query_made_it() -> None:
    query = (
        "select\n    id,\n    cast(total as decimal) as amount,\n    note\nfrom raw\nwhere note is not null\n"
    )
    files = {"dbt_project.yml": "name: shop\n", "models/orders.sql": query}

    def lines(old: str, new: str) -> list[int | None]:
        result = judged(files, {**files, "models/orders.sql": query.replace(old, new)})
        return [finding.line for finding in result.findings]

    assert lines("    id,\n", "") == [2]
    assert lines(",\n    note\n", "\n") == [4]
    assert lines("as amount", "as revenue") == [3]
    assert lines("cast(total as decimal)", "cast(total as varchar)") == [3]


def test_a_column_that_several_queries_of_a_model_name_stood_in_the_last() -> None:
    query = (
        "{{ config(\n    tags=['daily']\n) }}\nwith o as (\n    select\n        id,\n        sum(a) as amount\n"
        "    from {{ ref('raw') }}\n)\nselect\n    o.id,\n    o.amount\nfrom o\n"
    )
    files = {"dbt_project.yml": "name: shop\n", "models/orders.sql": query}
    result = judged(files, {**files, "models/orders.sql": query.replace(",\n    o.amount", "")})

    assert [finding.line for finding in result.findings] == [12]


def test_a_declared_type_changes_where_it_is_declared_and_a_contract_where_it_is_enforced() -> None:
    declared = "models:\n  - name: orders\n    config:\n      contract: {enforced: true}\n    columns:\n"
    declared += "      - name: id\n        data_type: int\n      - name: amount\n        data_type: int\n"
    before = SQL | {"models/a.yml": declared}

    def places(old: str, new: str) -> list[tuple[str | None, int | None]]:
        result = judged(before, SQL | {"models/a.yml": new.join(declared.rsplit(old, 1))})
        return [(finding.path, finding.line) for finding in result.findings]

    assert places("data_type: int", "data_type: varchar") == [("models/a.yml", 8)]
    assert places("enforced: true", "enforced: false") == [("models/a.yml", 4)]


def test_a_cast_counts_where_the_description_says_another_type() -> None:
    declared = "models: [{name: orders, columns: [{name: amount, data_type: decimal}]}]\n"
    before = {"dbt_project.yml": "name: shop\n", "models/orders.yml": declared}
    query = "select cast(total as decimal) as amount from raw\n"

    old, new = (
        {**before, "models/orders.sql": text} for text in (query, query.replace("decimal", "varchar"))
    )

    assert judged(old, new).outcome == "needs_approval"


def test_a_value_that_was_accepted_and_is_refused_now() -> None:
    def files(values: str) -> dict[str, str]:
        test = f"accepted_values: {{values: [{values}]}}"
        text = f"models:\n- name: orders\n  columns:\n  - name: status\n    tests:\n    - {test}\n"
        return {
            "dbt_project.yml": "name: shop\n",
            "models/orders.yml": text,
            "models/orders.sql": "select status\n",
        }

    result = judged(files("open, paid"), files("open"))

    assert (result.outcome, result.findings[0].line) == ("needs_approval", 6)
    assert "refuses paid now" in result.findings[0].message
    assert judged(files("open"), files("open, paid")).outcome != "needs_approval"
