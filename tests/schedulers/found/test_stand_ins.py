from ruamel.yaml import YAML

from tests.schedulers.detecting import DAG, detected, doubts_about


def test_variables_and_connections_without_a_default_need_stand_ins() -> None:
    source = (
        f"{DAG}a = Variable.get('bucket')\nb = Variable.get('region', default_var='eu')\n"
        'c = Variable.get("limits", deserialize_json=True)\nd = \'{{ var.value.token }} {{ var.value.get("x", 1) }}\'\n'
        "e = BaseHook.get_connection('warehouse')\n"
    )
    detection = detected({"dags/a.py": source})
    examples = {doubt.key: doubt.example for doubt in detection.doubts}
    assert (
        examples["dry_run.variables"]
        == "variables:\n  bucket: stand-in\n  limits: stand-in\n  token: stand-in"
    )
    assert examples["dry_run.connections"] == "connections:\n  warehouse: http://localhost"
    assert "dags/a.py reads the Variable bucket" in doubts_about(detection, "dry_run.variables")


def test_the_values_that_developers_keep_are_taken_over() -> None:
    source = (
        f"{DAG}a = Variable.get('bucket')\nb = Variable.get('size')\nc = BaseHook.get_connection('lake')\n"
    )
    files = {
        "dags/a.py": source,
        "resources/dev_variables.json": '{"size": 3, "other": "x"}',
        "resources/dev_connections.json": '{"lake": {"conn_type": "http", "login": null, "host": "localhost"}}',
        "prod_variables.json": '{"bucket": "real"}',
    }
    detection = detected(files)
    examples = {doubt.key: doubt.example for doubt in detection.doubts}
    assert examples["dry_run.variables"] == 'variables:\n  bucket: stand-in\n  size: "3"'
    assert YAML(typ="safe").load(examples["dry_run.connections"]) == {
        "connections": {"lake": '{"conn_type": "http", "host": "localhost"}'}
    }
    assert "resources/dev_variables.json has 1 of these" in doubts_about(detection, "dry_run.variables")
