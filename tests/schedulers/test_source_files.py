"""Files of the repository that code reads by `__file__`: their data is in the tree, so it is known."""

import pytest

from meta_pipeline.delivery.topology import UNRESOLVED
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.airflow.static.reader import read_topology

HEAD = (
    "import glob, json, os, pathlib, yaml\nfrom pathlib import Path\n"
    "from airflow import DAG\nfrom airflow.operators.bash import BashOperator\n"
)
FILES = {
    "requirements.txt": "apache-airflow==2.10.5\n",
    "dags/config/one.yaml": "name: one\nretries: 3\n",
    "dags/config/two.yaml": "name: two\nretries: 4\n",
    "dags/config/one.json": '{"name": "one", "retries": 3}',
    "dags/config/odd.txt": "no data",
    "settings.toml": 'name = "one"\nretries = 3\n',
}
MAKE = "with DAG(data['name'], schedule=None):\n    BashOperator(task_id='t', retries=data['retries'])\n"


def found(source: str) -> dict[str, object]:
    topology = read_topology(MemoryTree.of({**FILES, "dags/one.py": HEAD + source}), "dags")
    assert topology.errors == ()
    return {pipeline.id: pipeline.nodes[0].retries for pipeline in topology.pipelines}


@pytest.mark.parametrize(
    "read",
    [
        "data = yaml.safe_load((Path(__file__).parent / 'config' / 'one.yaml').read_text())\n",
        (
            "with open(os.path.join(os.path.dirname(__file__), 'config', 'one.yaml')) as f:\n"
            "    data = yaml.safe_load(f)\n"
        ),
        (
            "HERE = os.path.dirname(os.path.abspath(__file__))\nwith open(f'{HERE}/config/one.json') as f:\n"
            "    data = json.load(f)\n"
        ),
        "data = json.loads(open(os.path.dirname(__file__) + '/config/one.json').read())\n",
        (
            "with Path(__file__).resolve().parent.joinpath('config/one.yaml').open() as f:\n"
            "    data = yaml.load(f, Loader=yaml.FullLoader)\n"
        ),
        (
            "import tomllib\nwith open(Path(__file__).parents[1] / 'settings.toml', 'rb') as f:\n"
            "    data = tomllib.load(f)\n"
        ),
        (
            "path = Path(__file__).with_name('config') / 'one.yaml'\n"
            "data = yaml.safe_load(path.read_text()) if path.exists() else None\n"
        ),
    ],
)
def test_a_file_of_data_is_read(read: str) -> None:
    assert found(read + MAKE) == {"one": 3}


@pytest.mark.parametrize(
    "loop",
    [
        (
            "for path in sorted((Path(__file__).parent / 'config').glob('*.yaml')):\n"
            "    data = yaml.safe_load(path.read_text())\n"
        ),
        (
            "for path in glob.glob(os.path.join(os.path.dirname(__file__), 'config', '*.yaml')):\n"
            "    data = yaml.safe_load(open(path))\n"
        ),
        (
            "FOLDER = os.path.join(os.path.dirname(__file__), 'config')\n"
            "for name in os.listdir(FOLDER):\n    if not name.endswith('.yaml'):\n        continue\n"
            "    data = yaml.safe_load(open(os.path.join(FOLDER, name)))\n"
        ),
        "for path in Path(__file__).parent.rglob('*.yaml'):\n    data = yaml.safe_load(path.open())\n",
    ],
)
def test_a_folder_of_data_is_gone_through(loop: str) -> None:
    body = (
        "    with DAG(data['name'], schedule=None) as dag:\n"
        "        BashOperator(task_id='t', retries=data['retries'])\n    globals()[data['name']] = dag\n"
    )
    assert found(loop + body) == {"one": 3, "two": 4}


def test_data_with_tags_is_known_but_for_what_they_make() -> None:
    files = {**FILES, "dags/config/one.yaml": "name: one\nretries: !count 3\n"}
    source = HEAD + "data = yaml.safe_load((Path(__file__).parent / 'config/one.yaml').read_text())\n" + MAKE
    (pipeline,) = read_topology(MemoryTree.of({**files, "dags/one.py": source}), "dags").pipelines
    assert pipeline.nodes[0].retries == UNRESOLVED


def test_a_broken_file_of_data_is_an_error_with_its_line() -> None:
    files = {**FILES, "dags/config/one.yaml": "name: one\nretries: [3\n"}
    source = HEAD + "data = yaml.safe_load(open(Path(__file__).parent / 'config/one.yaml'))\n" + MAKE
    topology = read_topology(MemoryTree.of({**files, "dags/one.py": source}), "dags")
    assert (topology.errors[0].path, topology.errors[0].line) == ("dags/config/one.yaml", 3)


def test_a_reading_follows_the_files_that_it_used() -> None:
    source = HEAD + "data = yaml.safe_load((Path(__file__).parent / 'config/one.yaml').read_text())\n" + MAKE
    for retries in (1, 2):
        files = {**FILES, "dags/one.py": source, "dags/config/one.yaml": f"name: one\nretries: {retries}\n"}
        (pipeline,) = read_topology(MemoryTree.of(files), "dags").pipelines
        assert pipeline.nodes[0].retries == retries


@pytest.mark.parametrize("default", ["os.environ.get('TIMES', 3)", "Variable.get('times', default_var=3)"])
def test_what_nobody_set_is_the_default_of_the_code(default: str) -> None:
    source = f"from airflow.models import Variable\ndata = {{'name': 'one', 'retries': {default}}}\n"
    assert found(source + MAKE) == {"one": 3}
