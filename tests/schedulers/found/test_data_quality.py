from meta_pipeline.policy import CheckpointPolicy
from tests.schedulers.detecting import detected, doubts_about


def test_checkpoints_are_found_in_the_store_that_the_project_names() -> None:
    configuration = (
        "checkpoint_store_name: mine\nstores:\n  mine:\n    store_backend:\n      base_directory: runs/\n"
    )
    detection = detected(
        {
            "q/great_expectations.yml": configuration,
            "q/runs/a.json": '{"name": "nightly"}',
            "q/runs/x/b.json": "{",
        }
    )
    projects = detection.policy.data_quality.great_expectations
    assert projects == (CheckpointPolicy(project="q", checkpoints=("nightly", "x/b")),)
    assert "which pipelines write the data" in doubts_about(detection, "data_quality.great_expectations")


def test_checkpoints_of_an_old_great_expectations_are_a_doubt() -> None:
    detection = detected({"q/great_expectations.yml": "config_version: 3", "q/checkpoints/a.yml": "name: a"})
    assert detection.policy.data_quality.great_expectations == ()
    assert "Great Expectations 0.x" in doubts_about(detection, "data_quality.great_expectations")


def test_contracts_are_named_by_folder_or_in_full() -> None:
    contract = "apiVersion: v3.0.2\nkind: DataContract\n"
    files = {
        "c/a.odcs.yaml": contract,
        "c/b.odcs.yaml": contract,
        "d/orders.yaml": contract,
        "d/other.yaml": "kind: Job\n",
    }
    assert detected(files).policy.contracts == ("c/*.odcs.yaml", "d/orders.yaml")
