"""DAGs that dag-factory builds from YAML, read from source."""

from meta_pipeline.delivery.topology import Topology
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.airflow.static.reader import read_topology
from tests.schedulers.airflow.yaml_forms import FACTORY_FILES

RELEASE = {"requirements.txt": "apache-airflow==2.10.5\n"}


def read(files: dict[str, str]) -> Topology:
    return read_topology(MemoryTree.of({**RELEASE, **files}), "dags")


def test_all_ways_to_load_a_file_are_followed() -> None:
    topology = read(FACTORY_FILES)
    assert topology.errors == ()
    found = {pipeline.id: pipeline for pipeline in topology.pipelines}
    assert sorted(found) == ["inline", "on_assets", "sales_daily", "sales_weekly"]
    daily = found["sales_daily"]
    assert (daily.path, daily.schedule, daily.timeout_s, daily.concurrency) == (
        "dags/load.py",
        "0 3 * * *",
        7200.0,
        4,
    )
    assert daily.tags == ("dagfactory", "shared")
    load = daily.node("load")
    assert load is not None
    assert (load.retries, load.retry_delay_s, load.pool, load.upstream) == (
        5,
        180.0,
        "big",
        ("prepare.inner.deep",),
    )
    assert (load.path, load.line, load.operator) == (
        "lib/ops.py",
        None,
        None,
    ) or load.operator == "SayOperator"
    assert load.alerts == ("on_failure_callback: page",)
    weekly = found["sales_weekly"]
    assert (weekly.schedule, weekly.owner) == (None, "sales")
    by_assets = found["on_assets"]
    assert by_assets.schedule == "assets: (s3://bucket/a and s3://bucket/b) or s3://bucket/c"
    again = by_assets.node("again")
    assert again is not None
    assert (again.kind, again.retries, again.upstream) == ("mapped_task", 7, ("wait",))


def test_a_task_is_where_its_file_says_it() -> None:
    daily = next(one for one in read(FACTORY_FILES).pipelines if one.id == "sales_daily")
    extract = daily.node("extract")
    assert extract is not None
    assert (extract.path, extract.line) == ("dags/config/sales.yml", 25)


def test_a_file_that_is_not_there_is_an_error() -> None:
    load = "load_yaml_dags(globals(), config_filepath='/opt/airflow/dags/x.yml')"
    call = f"from dagfactory import load_yaml_dags\n{load}\n"
    (error,) = read({"dags/one.py": f"# airflow dag\n{call}"}).errors
    assert error.message == "the file dags/x.yml that dag-factory should read is not there"


def test_a_file_whose_name_only_a_run_knows_is_said() -> None:
    call = "from dagfactory import DagFactory\nmade = DagFactory(find())\nmade.generate_dags(globals())\n"
    (error,) = read({"dags/one.py": f"# airflow dag\n{call}"}).errors
    assert (error.line, error.opaque) == (4, True)
