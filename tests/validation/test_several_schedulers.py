"""Two schedulers of one repository, each in an environment of its own."""

from pathlib import Path

from git import Repo

from meta_pipeline.delivery.change_set import Author, ChangeSet
from meta_pipeline.delivery.evidence import CommandRecord
from meta_pipeline.evidence.store import EvidenceStore, Folder
from meta_pipeline.policy import EnvironmentPolicy, Policy, SchedulerPolicy
from meta_pipeline.schedulers.survey import read_change
from meta_pipeline.validation.bench import Benches, set_up_both
from meta_pipeline.validation.validate import validate
from meta_pipeline.workspace.repository import Mirror
from tests.conftest import ROOT, commit

TARGETS = ROOT / "target_repo_fixtures"
DAG = (
    "from airflow.providers.standard.operators.bash import BashOperator\n"
    "from airflow.sdk import DAG\n\n"
    "with DAG('daily', schedule='@daily'):\n    BashOperator(task_id='say', bash_command='echo {word}')\n"
)
DEFINITIONS = (
    "import dagster as dg\n\n@dg.asset\ndef orders():\n    return {number}\n\n"
    "defs = dg.Definitions(assets=[orders], jobs=[dg.define_asset_job('build', 'orders')])\n"
)


def environment(target: str) -> EnvironmentPolicy:
    return EnvironmentPolicy(requirements=(f"{target}.txt",))


POLICY = Policy(
    schedulers=(
        SchedulerPolicy(kind="airflow", paths=("dags",), environment=environment("airflow_sales")),
        SchedulerPolicy(kind="dagster", paths=("shop",), environment=environment("dagster_sales")),
    )
)


def files(word: str, number: int) -> dict[str, str | bytes | None]:
    requirements = {
        f"{target}.txt": (TARGETS / target / "requirements.txt").read_bytes()
        for target in ("airflow_sales", "dagster_sales")
    }
    return {
        **requirements,
        "dags/daily.py": DAG.format(word=word),
        "shop/definitions.py": DEFINITIONS.format(number=number),
        "workspace.yaml": "load_from:\n  - python_file: shop/definitions.py\n",
    }


def test_each_is_parsed_and_run_where_it_is_installed(tmp_path: Path, shared_environments: Path) -> None:
    repo = Repo.init(tmp_path / "repo", initial_branch="main")
    base, head = commit(repo, files("one", 1), "Start"), commit(repo, files("two", 2), "Change both")
    mirror = Mirror.open(tmp_path / "home", "both", str(tmp_path / "repo"))
    ran: list[CommandRecord] = []
    evidence = EvidenceStore.at(str(tmp_path / "evidence"))
    benches = set_up_both(shared_environments, mirror, evidence, POLICY, (base, head), ran.append)
    assert isinstance(benches, Benches), benches
    change = read_change(mirror.tree(base), mirror.tree(head), POLICY)
    change_set = ChangeSet(
        plan="",
        base=base,
        patch=mirror.diff(base, head),
        author=Author(kind="patch", identity="author@example.com"),
        message="",
        head=head,
    )
    reports = validate(
        benches, change_set, change, Folder.at(str(tmp_path / "remembered")), ("parse", "dry_run")
    )
    parse, dry_run = reports["parse"], reports["dry_run"]
    assert (parse.head.could_not_run, dry_run.head.could_not_run) == (None, None)
    assert {(one.scheduler, one.method) for one in parse.topologies} == {
        ("airflow", "runtime"),
        ("dagster", "runtime"),
    }
    assert dry_run.head.problems == ()
    assert {m.subject for m in dry_run.measures if m.name == "runtime" and m.side == "head"} == {
        "daily",
        "build",
    }
    assert len({record.environment for record in ran}) == 2
