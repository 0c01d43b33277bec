import ast
from textwrap import dedent

import pytest

from meta_pipeline.authors.recipes.recipe import RecipeError
from meta_pipeline.authors.recipes.set_schedule import ScheduleParameters, SetSchedule
from meta_pipeline.delivery.tree import MemoryTree

PATH = "dags/sales.py"
FACTORY = "def build(name, schedule):\n    return DAG(dag_id=name, schedule=schedule)\n"


def applied(source: str, schedule: str | None = "0 5 * * *", **others: str) -> str:
    """The source after the recipe; a second application must change nothing."""
    parameters = ScheduleParameters(path=PATH, pipeline="sales", schedule=schedule)
    files = {PATH: source, **{f"dags/{name}.py": text for name, text in others.items()}}
    after = SetSchedule().apply(MemoryTree.of(files), parameters).get(PATH, source.encode())
    ast.parse(after)
    assert SetSchedule().apply(MemoryTree.of({**files, PATH: after}), parameters) == {}
    return after.decode()


@pytest.mark.parametrize(
    "before, after",
    [
        (
            'DAG("sales", schedule="@daily",  # at night\n)\n',
            'DAG("sales", schedule="0 5 * * *",  # at night\n)\n',
        ),
        ("DAG('sales', schedule_interval='@daily')\n", "DAG('sales', schedule_interval='0 5 * * *')\n"),
        ('DAG("sales", schedule=None)\n', 'DAG("sales", schedule="0 5 * * *")\n'),
        ('DAG("sales")\n', 'DAG("sales", schedule="0 5 * * *")\n'),
        (
            '@dag(schedule="@daily")\ndef sales(): ...\n',
            '@dag(schedule="0 5 * * *")\ndef sales(): ...\n',
        ),
        ("@dag\ndef sales(): ...\n", '@dag(schedule="0 5 * * *")\ndef sales(): ...\n'),
        (
            'NIGHTLY = "0 1 * * *"\nDAG("sales", schedule=NIGHTLY)\n',
            'NIGHTLY = "0 5 * * *"\nDAG("sales", schedule=NIGHTLY)\n',
        ),
        (
            'NIGHTLY = "0 1 * * *"\nDAG("sales", schedule=NIGHTLY)\nDAG("b", schedule=NIGHTLY)\n',
            'NIGHTLY = "0 1 * * *"\nDAG("sales", schedule="0 5 * * *")\nDAG("b", schedule=NIGHTLY)\n',
        ),
        (
            'DAG("sales")\nDAG("b", schedule_interval=None)\n',
            'DAG("sales", schedule_interval="0 5 * * *")\nDAG("b", schedule_interval=None)\n',
        ),
    ],
)
def test_forms(before: str, after: str) -> None:
    assert applied(before) == after


def test_dag_of_a_factory_moves_alone() -> None:
    before = """\
    DAGS = {
        "sales": {"schedule": "0 1 * * *"},  # first
        "stock": {"schedule": "0 2 * * *"},
    }

    def build(name: str, schedule: str) -> DAG:
        with DAG(dag_id=name, schedule=schedule) as dag:
            pass
        return dag

    for name, options in DAGS.items():
        globals()[name] = build(name, **options)
    """
    assert applied(dedent(before)) == dedent(before).replace("0 1 * * *", "0 5 * * *")


@pytest.mark.parametrize("call", ['build("sales", "0 1 * * *")\n', 'build("sales", schedule="0 1 * * *")\n'])
def test_argument_of_a_factory_call(call: str) -> None:
    source = f'{FACTORY}a = {call}b = build("stock", "0 2 * * *")\n'
    assert applied(source) == source.replace("0 1 * * *", "0 5 * * *")


@pytest.mark.parametrize("call", ['build(*("sales", "@daily"))\n', 'build("sales", hours[0])\n'])
def test_argument_that_cannot_be_told_is_refused(call: str) -> None:
    with pytest.raises(RecipeError, match="written once for several DAGs"):
        applied(f'{FACTORY}a = {call}b = build("stock", "0 2 * * *")\n')


def test_schedule_that_several_dags_share_is_refused() -> None:
    source = 'for name in ("sales", "stock"):\n    DAG(name, schedule="@daily")\n'
    with pytest.raises(RecipeError, match=r"dags/sales.py:2: this schedule is written once for several DAGs"):
        applied(source)


def test_object_whose_import_would_be_lost_is_refused() -> None:
    source = 'from datetime import timedelta\nDAG("sales", schedule=timedelta(days=2))\n'
    with pytest.raises(RecipeError, match="would leave `timedelta` unused"):
        applied(source)
    used = f"{source}X = timedelta(days=1)\n"
    assert applied(used) == used.replace("timedelta(days=2)", '"0 5 * * *"')


def test_none_and_equal_presets() -> None:
    assert applied('DAG("sales", schedule="@daily")\n', None) == 'DAG("sales", schedule=None)\n'
    assert applied('DAG("sales", schedule="@daily")\n', "0 0 * * *") == 'DAG("sales", schedule="@daily")\n'


def test_new_keyword_is_the_one_of_the_files_beside() -> None:
    assert "schedule_interval=" in applied('DAG("sales")\n', other='DAG("b", schedule_interval=None)\n')
