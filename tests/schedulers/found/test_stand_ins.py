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
