from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.delivery.topology import Node
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg006_retries_present import RetriesPresent
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy, RetryPolicy
from meta_pipeline.schedulers.survey import read_change

SOURCE = """\
with DAG("sales_daily") as dag:
    clean = PythonOperator(
        task_id="clean",
        python_callable=clean_orders,
    )
    load = PythonOperator(
        task_id="load",
        python_callable=load_orders,
    )
"""
NODES = (specimens.node("clean", retries=0, line=2), specimens.node("load", retries=0, line=6))


def edited(source: str) -> GateResult:
    dag = specimens.pipeline(*NODES)
    files = ({specimens.DAG_FILE: SOURCE}, {specimens.DAG_FILE: source})
    return judge(RetriesPresent(), Case(Policy(), change=specimens.change(*files, base=(dag,), head=(dag,))))


def changed(before: Node, after: Node, policy: RetryPolicy) -> str:
    change = specimens.change(base=(specimens.pipeline(before),), head=(specimens.pipeline(after),))
    return judge(RetriesPresent(), Case(Policy(retries=policy), change=change)).outcome


def test_a_node_counts_as_changed_when_a_line_of_its_own_statement_changes() -> None:
    result = edited(SOURCE.replace("load_orders", "load_orders_again"))

    assert [finding.message.split()[1] for finding in result.findings] == ["sales_daily.load"]
    assert result.outcome == "warned"


def test_a_comment_above_touches_no_node() -> None:
    assert edited('"""The sales DAG."""\n' + SOURCE).outcome == "not_applicable"


def test_raising_retries_short_of_the_policy_is_not_enough() -> None:
    policy = RetryPolicy(minimum=2)

    assert changed(specimens.node(retries=0), specimens.node(retries=1), policy) == "failed"
    assert changed(specimens.node(retries=0), specimens.node(retries=2), policy) == "passed"


def test_nodes_that_do_nothing_and_dbt_models_are_left_out() -> None:
    empty = specimens.pipeline(specimens.node(retries=0, operator="EmptyOperator"))

    result = judge(RetriesPresent(), Case(Policy(), change=specimens.change(head=(empty,))))

    assert result.outcome == "not_applicable"


CALLED = """\
from prefect import flow, task


@task
def fetch(): ...


@flow
def nightly():
    fetch()


@flow
def weekly():
    {body}
"""


def called_by(body: str, declared: str = "@task") -> GateResult:
    """What comes out where the flow `weekly`, which did nothing, has this body."""
    base = {"flows.py": CALLED.format(body="pass")}
    head = {"flows.py": CALLED.format(body=body).replace("@task", declared)}
    trees = MemoryTree.of(base), MemoryTree.of(head)
    return judge(RetriesPresent(), Case(Policy(), change=read_change(*trees, Policy())))


def test_another_call_of_a_task_that_was_there_leaves_it_as_poor_in_retries_as_it_was() -> None:
    found = called_by("fetch()")
    assert (found.outcome, found.findings[0].message) == (
        "warned",
        "task weekly.fetch has 0 retries; the policy asks for 1, as before the change",
    )


def test_a_call_with_other_retries_or_of_a_changed_task_is_judged_as_new() -> None:
    assert called_by("fetch.with_options(retries=0, retry_delay_seconds=9)()").outcome == "failed"
    assert called_by("fetch()", declared="@task(timeout_seconds=9)").outcome == "failed"
