import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg016_naming_and_owner import NamingAndOwner
from meta_pipeline.gates.gate import Opinion
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import also_in, read_change

DAG = """from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(dag_id="{id}", schedule=None, default_args={{"owner": "{owner}"}}, tags={tags}) as dag:
    load_{id} = BashOperator(task_id="load_all", bash_command="true")
"""


def dag(name: str, owner: str = "crm@example.com", tags: str = '["tier:1"]') -> str:
    return DAG.format(id=name, owner=owner, tags=tags)


DAGS = {f"dags/job_{n}.py": dag(f"job_{n}") for n in range(12)}
MODELS = {
    "dbt_project.yml": "name: shop\nprofile: shop\n",
    **{f"models/staging/stg_raw__{n}.sql": "select 1 as id\n" for n in "abcdefghijkl"},
}


def judged(before: dict[str, str], added: dict[str, str]) -> Opinion:
    base, head = MemoryTree.of(before), MemoryTree.of({**before, **added})
    return NamingAndOwner().judge(Case(Policy(), change=read_change(base, head, also_in(Policy(), head))))


@pytest.mark.parametrize(
    "path,text,says",
    [
        ("dags/job_new.py", dag("job_new"), ""),
        ("dags/job_new.py", dag("JobNew"), "not named in snake_case"),
        ("dags/job_new.py", dag("job_newer"), "not called as its file"),
        ("dags/other.py", dag("other"), "does not begin with job_"),
        ("dags/job_new.py", dag("job_new", owner="airflow"), "has no owner"),
        ("dags/job_new.py", dag("job_new", owner="crm"), "no mail address"),
        ("dags/job_new.py", dag("job_new", tags="[]"), "has no tags"),
        ("dags/job_new.py", dag("job_new", tags='["crm"]'), "has no tag tier:"),
    ],
)
def test_a_new_dag_is_held_against_the_others(path: str, text: str, says: str) -> None:
    opinion = judged(DAGS, {path: text})

    assert opinion.outcome == ("warned" if says else "passed")
    assert says in " ".join(finding.message for finding in opinion.findings)


def test_a_model_begins_as_the_others_of_its_folder() -> None:
    assert judged(MODELS, {"models/staging/users.sql": "select 1 as id\n"}).outcome == "warned"
    assert judged(MODELS, {"models/staging/stg_users.sql": "select 1 as id\n"}).outcome == "passed"
    assert judged(MODELS, {"models/marts/users.sql": "select 1 as id\n"}).outcome == "passed"


def test_what_some_do_otherwise_is_no_convention() -> None:
    mixed = {**DAGS, "dags/A.py": dag("A", owner="", tags="[]"), "dags/B.py": dag("B", owner="", tags="[]")}

    assert judged(mixed, {"dags/C.py": dag("C", owner="", tags="[]")}).outcome == "passed"
