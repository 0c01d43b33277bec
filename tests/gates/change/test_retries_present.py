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
ONE = Policy(retries=RetryPolicy())
NODES = (specimens.node("clean", retries=0, line=2), specimens.node("load", retries=0, line=6))


def edited(source: str) -> GateResult:
    dag = specimens.pipeline(*NODES)
    files = ({specimens.DAG_FILE: SOURCE}, {specimens.DAG_FILE: source})
    return judge(RetriesPresent(), Case(ONE, change=specimens.change(*files, base=(dag,), head=(dag,))))


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
    return judge(RetriesPresent(), Case(ONE, change=read_change(*trees, Policy())))


def test_another_call_of_a_task_that_was_there_leaves_it_as_poor_in_retries_as_it_was() -> None:
    found = called_by("fetch()")
    assert (found.outcome, found.findings[0].message) == (
        "warned",
        "task weekly.fetch has 0 retries; the policy asks for 1, as before the change",
    )


def test_a_call_with_other_retries_or_of_a_changed_task_is_judged_as_new() -> None:
    assert called_by("fetch.with_options(retries=0, retry_delay_seconds=9)()").outcome == "failed"
    assert called_by("fetch()", declared="@task(timeout_seconds=9)").outcome == "failed"


AIRFLOW = """\
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.sensors.external_task import ExternalTaskSensor

with DAG("{0}", schedule="@daily", default_args={1}):
    {2}
"""


def airflow(name: str, retries: int | None, *lines: str) -> dict[str, str]:
    default_args = "{'owner': 'sales'}" if retries is None else f"{{'retries': {retries}}}"
    return {f"dags/{name}.py": AIRFLOW.format(name, default_args, "\n    ".join(lines))}


def bash(name: str, more: str = "") -> str:
    return f'BashOperator(task_id="{name}", bash_command="x"{more})'


def without_policy(before: dict[str, str], after: dict[str, str]) -> tuple[str, list[str]]:
    """The outcome and the messages of a plain comparison, where no policy says how to retry."""
    trees = MemoryTree.of(before), MemoryTree.of(after)
    change = read_change(*trees, Policy())
    result = judge(RetriesPresent(), Case(Policy(), change=change))
    return result.outcome, [finding.message for finding in result.findings]


def test_the_repository_is_the_measure_of_a_new_task() -> None:
    rich = airflow("sales", 2, bash("a"), bash("b"), bash("c"))
    poor = airflow("sales", 0, bash("a"), bash("b"), bash("c"))

    assert without_policy(rich, rich | airflow("stock", 2, bash("d")))[0] == "passed"
    assert without_policy(poor, poor | airflow("stock", 0, bash("d")))[0] == "warned"
    assert without_policy(rich, rich | airflow("stock", None, bash("d"), bash("e"))) == (
        "needs_approval",
        [
            (
                "task stock.d and task stock.e are not retried, as 3 of 3 others are: "
                "a passing fault fails the whole run"
            )
        ],
    )


def test_an_operator_that_nobody_retries_has_a_habit_of_its_own() -> None:
    def sensor(name: str) -> str:
        return f'ExternalTaskSensor(task_id="{name}", external_dag_id="x", retries=0)'

    lines = [*map(bash, "abcdefgh"), *map(sensor, ("s1", "s2", "s3"))]
    base = airflow("sales", 2, *lines)
    assert without_policy(base, airflow("sales", 2, *lines, sensor("s4")))[0] == "warned"


def test_default_args_that_lose_their_retries_are_one_finding() -> None:
    lines = [bash("a"), bash("b"), bash("c")]
    outcome, messages = without_policy(airflow("sales", 2, *lines), airflow("sales", 0, *lines))

    assert outcome == "failed"
    assert messages == [
        "all 3 tasks of sales are no longer retried (before: twice): a passing fault now fails the whole run"
    ]
    moved = airflow("sales", 0, *(bash(name, ", retries=2") for name in "abc"))
    assert without_policy(airflow("sales", 2, *lines), moved)[0] == "passed"


def test_more_retries_with_less_delay_are_no_loss_and_a_much_shorter_wait_is() -> None:
    def waits(retries: int, seconds: int) -> dict[str, str]:
        delay = f", retries={retries}, retry_delay=timedelta(seconds={seconds})"
        made = airflow("sales", 0, bash("a", delay))
        return {path: f"from datetime import timedelta\n{text}" for path, text in made.items()}

    assert without_policy(waits(2, 300), waits(6, 120))[0] == "passed"
    assert without_policy(waits(2, 300), waits(2, 240))[0] == "warned"
    assert without_policy(waits(2, 300), waits(2, 5))[0] == "needs_approval"
    assert without_policy(waits(3, 300), waits(1, 300))[0] == "needs_approval"


def test_a_flow_and_an_asset_that_are_no_longer_retried() -> None:
    def flow(arguments: str, task: str = "") -> dict[str, str]:
        return {
            "flows.py": (
                f"from prefect import flow, task\n\n\n@task{task}\ndef fetch(): ...\n\n\n"
                f"@flow{arguments}\ndef nightly():\n    fetch()\n"
            )
        }

    outcome, messages = without_policy(flow("(retries=3)"), flow(""))
    assert (outcome, messages[0]) == (
        "failed",
        ("flow nightly is no longer retried as a whole (before: 3): a passing fault now fails the run"),
    )
    assert without_policy(flow("(retries=3)"), flow("(retries=1)"))[0] == "needs_approval"
    assert without_policy(flow("", "(retries=3)"), flow("", ""))[0] == "failed"

    def asset(arguments: str) -> dict[str, str]:
        return {
            "defs.py": (
                f"import dagster as dg\n\n\n@dg.asset{arguments}\ndef orders(): ...\n\n\n"
                "defs = dg.Definitions(assets=[orders])\n"
            )
        }

    assert (
        without_policy(asset("(retry_policy=dg.RetryPolicy(max_retries=3, delay=60))"), asset(""))[0]
        == "failed"
    )


def test_who_writes_that_something_new_is_not_retried_has_decided_it() -> None:
    beside = specimens.pipeline(specimens.node("clean"))

    def new(source: str) -> str:
        load = specimens.node("load", retries=0, path="dags/new.py", line=2)
        added = specimens.pipeline(load, id="new", path="dags/new.py")
        change = specimens.change({}, {"dags/new.py": source}, base=(beside,), head=(beside, added))
        return judge(RetriesPresent(), Case(Policy(), change=change)).outcome

    assert new('args = {"retries": 0}\nload = PythonOperator(task_id="load")\n') == "warned"
    assert new('args = {"owner": "sales"}\nload = PythonOperator(task_id="load")\n') == "needs_approval"


def test_what_a_policy_says_nothing_of_stays_as_it_was() -> None:
    patient = specimens.node(retries=2, retry_delay_s=600.0, retry_backoff=True)
    hasty = patient.model_copy(update={"retry_backoff": False})
    assert changed(patient, hasty, RetryPolicy(minimum=1)) == "needs_approval"
    assert (
        changed(patient, patient.model_copy(update={"retry_delay_s": 300.0}), RetryPolicy())
        == "needs_approval"
    )
    assert changed(hasty, patient, RetryPolicy(minimum=1)) == "passed"
