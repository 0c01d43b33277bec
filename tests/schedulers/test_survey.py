"""Detection, and reading both sides of a change."""

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.policy import EnvironmentPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.airflow.static import reader
from meta_pipeline.schedulers.detect import detect
from meta_pipeline.schedulers.survey import also_in, read_change, survey

DAG = (
    "from airflow import DAG\nfrom airflow.operators.bash import BashOperator\nfrom lib import RETRIES\n"
    "with DAG('d', default_args={'retries': RETRIES}):\n    BashOperator(task_id='t')\n"
)
FILES = {"dags/d.py": DAG, "lib.py": "RETRIES = 1\n", "requirements.txt": "apache-airflow==2.10.5\n"}


def test_each_scheduler_is_detected_with_its_folders_and_reasons() -> None:
    tree = MemoryTree.of(
        {
            **FILES,
            "jobs/assets.py": "import dagster as dg\n\n@dg.asset\ndef a(): ...\n",
            "flows/f.py": "from prefect import flow\n\n@flow\ndef f(): ...\n",
            "models/dbt_project.yml": "name: shop\n",
        }
    )
    found = detect(tree)
    assert [(one.kind, one.paths) for one in found] == [
        ("airflow", ("dags",)),
        ("dagster", ("jobs",)),
        ("prefect", ("flows",)),
        ("dbt", ("models",)),
    ]
    assert found[0].reasons == (
        "dags/d.py imports airflow and defines pipelines",
        "requirements.txt names apache-airflow",
    )
    dags, homeless, flows, models = survey(tree, Policy())
    assert (dags.root, homeless.root, flows.root, models.root) == ("dags", "jobs", "flows", "models")
    assert [pipeline.id for pipeline in flows.pipelines] == ["f"]
    assert homeless.errors[0].message.startswith("no code location holds this file")


def test_a_dependency_alone_is_no_scheduler_in_use() -> None:
    assert detect(MemoryTree.of({"requirements.txt": "apache-airflow\ndagster\n"})) == ()


def test_a_folder_inside_another_is_read_once() -> None:
    policy = Policy(scheduler=SchedulerPolicy(kind="airflow", paths=("dags/", "dags/sub")))
    assert [topology.root for topology in survey(MemoryTree.of(FILES), policy)] == ["dags"]


def test_a_constant_of_another_module_changes_the_task_that_uses_it() -> None:
    base = MemoryTree.of(FILES)
    head = MemoryTree.of({**FILES, "lib.py": "RETRIES = 5\n"})
    change = read_change(base, head, Policy())
    (difference,) = change.differences
    assert difference.sentence == "task d.t is now retried 5 times instead of once"


def test_a_module_that_appears_earlier_on_the_path_is_seen() -> None:
    base = MemoryTree.of(FILES)
    head = MemoryTree.of({**FILES, "dags/lib.py": "RETRIES = 7\n"})
    (difference,) = read_change(base, head, Policy()).differences
    assert difference.after == 7


def test_an_unchanged_file_is_read_once() -> None:
    base = MemoryTree.of({**FILES, "lib.py": "RETRIES = 11\n"})
    head = MemoryTree.of({**base.files, "README.md": "new"})
    (before,) = survey(base, Policy())
    (after,) = survey(head, Policy())
    assert after.pipelines[0] is before.pipelines[0]
    assert reader.read_topology(head, "dags") == after


def test_every_scheduler_of_the_policy_is_read_with_its_own_imports() -> None:
    files = {
        "one/dags/d.py": DAG,
        "one/lib.py": "RETRIES = 1\n",
        "two/dags/d.py": DAG,
        "elsewhere/lib.py": "RETRIES = 4\n",
        "defs.py": "import dagster as dg\n\n@dg.asset\ndef a(): ...\n\ndefs = dg.Definitions(assets=[a])\n",
    }
    elsewhere = EnvironmentPolicy(variables={"PYTHONPATH": "elsewhere"})
    policy = Policy(
        schedulers=(
            SchedulerPolicy(kind="airflow", paths=("one/dags",)),
            SchedulerPolicy(kind="airflow", paths=("two/dags",), environment=elsewhere),
            SchedulerPolicy(kind="dagster", paths=(".",)),
        )
    )
    one, two, dagster = survey(MemoryTree.of(files), policy)
    assert [(each.scheduler, each.root) for each in (one, two)] == [
        ("airflow", "one/dags"),
        ("airflow", "two/dags"),
    ]
    assert (one.pipelines[0].nodes[0].retries, two.pipelines[0].nodes[0].retries) == (1, 4)
    assert dagster.scheduler == "dagster"


FLOW = "from prefect import flow\n\n@flow\ndef f(): ...\n"


def test_without_a_written_policy_a_pipeline_that_leaves_its_folder_is_not_removed() -> None:
    base = MemoryTree.of({**FILES, "dags/e.py": DAG.replace("'d'", "'e'")})
    head = MemoryTree.of({**FILES, "ops/e.py": DAG.replace("'d'", "'e'")})
    seen_at_base = Policy(scheduler=SchedulerPolicy(kind="airflow", paths=("dags",)))
    assert [one.change for one in read_change(base, head, seen_at_base).differences] == ["removed"]
    (moved,) = read_change(base, head, also_in(seen_at_base, head)).differences
    assert (moved.pipeline, moved.field) == ("e", "moved")


def test_without_a_written_policy_a_scheduler_that_comes_is_seen() -> None:
    base = MemoryTree.of(FILES)
    head = MemoryTree.of({**FILES, "flows/f.py": FLOW, "shop/dbt_project.yml": "name: shop\n"})
    policy = also_in(Policy(scheduler=SchedulerPolicy(kind="airflow", paths=("dags",))), head)
    assert [one.kind for one in policy.all_schedulers] == ["airflow", "prefect"]
    assert [one.project for one in policy.dbt_projects] == ["shop"]
    found = read_change(base, head, policy).differences
    assert [one.pipeline for one in found if one.level == "pipeline"] == ["f", "shop"]
