"""What goes of Prefect's flows where no topology shows it: deployments, flows of a shared name, plain steps."""

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg004_destructive_change import DestructiveChange
from meta_pipeline.gates.change.chg017_source_sound import SourceSound
from meta_pipeline.gates.gate import Gate, judge
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import also_in, read_change

FLOWS = """\
from prefect import flow, task

from lib.warehouse import clear, load as fill, log_rows


@task
def fetch(): ...


@flow
def sales(day="today"):
    fetch()
    {steps}


@flow(name="{name}")
def stock():
    fetch()
{rest}
"""
WAREHOUSE = {
    "lib/__init__.py": "",
    "lib/warehouse.py": "def clear(): ...\ndef load(): ...\ndef log_rows(): ...\n",
}
YAML = """\
name: shop
deployments:
- name: sales-daily
  entrypoint: flows/shop.py:sales
  work_pool: {name: batch}
- name: stock-daily
  entrypoint: flows/shop.py:stock
  work_pool: {name: batch}
"""
SERVES = """
if __name__ == "__main__":
    sales.serve(name="sales-daily")
"""
DEPLOYS = """
if __name__ == "__main__":
    sales.deploy(name="sales-daily", work_pool_name="batch", image="shop:1")
    stock.from_source("https://git.example.com/shop", entrypoint="flows/shop.py:stock").deploy(
        name="stock-daily", work_pool_name="batch"
    )
"""
BOTH = """
from prefect import serve

if __name__ == "__main__":
    serve(sales.to_deployment("sales-daily"), stock.to_deployment("stock-daily", tags=["a"]))
"""


def shop(*steps: str, name: str = "stock", rest: str = "", **more: str) -> dict[str, str]:
    text = FLOWS.format(steps="\n    ".join(steps) or "pass", name=name, rest=rest)
    return {"flows/shop.py": text, **WAREHOUSE, **more}


def judged(
    before: dict[str, str], after: dict[str, str], gate: Gate | None = None
) -> tuple[str, list[tuple[str, int | None, str]]]:
    base, head = MemoryTree.of(before), MemoryTree.of(after)
    change = read_change(base, head, also_in(Policy(), head))
    result = judge(gate or DestructiveChange(), Case(Policy(), change=change))
    return result.outcome, [(one.path or "", one.line, one.message) for one in result.findings]


def with_yaml(text: str) -> dict[str, str]:
    return shop() | {"prefect.yaml": text}


def test_a_deployment_without_a_schedule_that_is_gone_needs_a_person() -> None:
    gone = "- name: sales-daily\n  entrypoint: flows/shop.py:sales\n  work_pool: {name: batch}\n"

    outcome, found = judged(with_yaml(YAML), with_yaml(YAML.replace(gone, "")))

    assert outcome == "needs_approval"
    assert [(path, line) for path, line, _ in found] == [("prefect.yaml", 3)]
    assert "the deployment sales-daily of sales is gone" in found[0][2]


def test_a_deployment_with_another_name_needs_a_person() -> None:
    outcome, found = judged(with_yaml(YAML), with_yaml(YAML.replace("sales-daily", "sales")))

    assert outcome == "needs_approval"
    assert "is now called sales; Prefect keeps the former one" in found[0][2]


@pytest.mark.parametrize("made", [SERVES, DEPLOYS, BOTH])
def test_a_deployment_that_code_no_longer_makes_needs_a_person(made: str) -> None:
    lost = "\n".join(line for line in made.split("\n") if "sales" not in line or "serve(" in line)
    lost = lost.replace('sales.to_deployment("sales-daily"), ', "").replace(
        'sales.serve(name="sales-daily")', "pass"
    )

    outcome, found = judged(shop(rest=made), shop(rest=lost))

    assert outcome == "needs_approval"
    assert len(found) == 1
    assert "the deployment sales-daily of sales is gone" in found[0][2]


@pytest.mark.parametrize(
    "before, after",
    [
        (with_yaml(YAML), with_yaml(YAML + "- name: new\n  entrypoint: flows/shop.py:sales\n")),
        (with_yaml(YAML), with_yaml(YAML.replace("{name: batch}", "{name: batch, work_queue_name: slow}"))),
        # Moved to another file, and from code into YAML.
        (with_yaml(YAML), shop() | {"deploy/prefect.yaml": YAML}),
        (shop(rest=BOTH), shop(rest="") | {"prefect.yaml": YAML}),
        (shop(rest=DEPLOYS), shop(rest=BOTH)),
        (shop(), shop(rest=BOTH)),
    ],
)
def test_deployments_that_are_added_or_moved_are_free(before: dict[str, str], after: dict[str, str]) -> None:
    assert [one for one in judged(before, after)[1] if "deployment" in one[2]] == []


def test_a_flow_that_shared_its_name_is_missed() -> None:
    twin = {"flows/copy.py": FLOWS.format(steps="pass", name="stock", rest="")}

    outcome, found = judged(shop(**twin), shop())

    assert outcome == "needs_approval"
    assert {path for path, _, _ in found} == {"flows/copy.py"}


def test_a_flow_beside_the_folder_of_flows_is_missed() -> None:
    setup = {"scripts/prepare.py": "from prefect import flow\n\n\n@flow\ndef prepare(): ...\n"}

    outcome, found = judged(with_yaml(YAML) | setup, with_yaml(YAML))

    assert outcome == "needs_approval"
    assert any(path == "scripts/prepare.py" for path, _, _ in found)
    moved = {"tools/prepare.py": setup["scripts/prepare.py"]}
    assert judged(with_yaml(YAML) | setup, with_yaml(YAML) | moved)[0] in ("passed", "warned")


@pytest.mark.parametrize(
    "before, after, outcome",
    [
        (("clear()", "fill()"), ("fill()",), "needs_approval"),
        (("clear()", "fill()"), ("clear()",), "needs_approval"),
        (("fill()", "log_rows()"), ("fill()",), "passed"),
        (("fill()",), ("clear()",), "passed"),
        (("fill()", "fill()"), ("fill()",), "passed"),
        (("fill()",), ("fetch.submit().result()", "fill()"), "passed"),
    ],
)
def test_a_plain_step_of_a_flow_that_is_gone_needs_a_person(
    before: tuple[str, ...], after: tuple[str, ...], outcome: str
) -> None:
    assert judged(shop(*before), shop(*after))[0] == outcome


def test_a_step_that_is_called_by_its_function_went_where_it_was_called() -> None:
    named = (
        FLOWS.replace("@task\n", '@task(name="get it")\n').replace("{steps}", "pass").replace("{rest}", "")
    )
    named = named.replace("{name}", "stock")
    lost = named.replace('day="today"):\n    fetch()\n', 'day="today"):\n')

    outcome, found = judged({"flows/shop.py": named, **WAREHOUSE}, {"flows/shop.py": lost, **WAREHOUSE})

    assert outcome == "needs_approval"
    assert [(path, line) for path, line, _ in found] == [("flows/shop.py", 12)]


def test_a_second_flow_of_one_name_in_a_file_needs_a_person() -> None:
    outcome, found = judged(shop(), shop(name="sales"), SourceSound())

    assert outcome == "needs_approval"
    assert "Prefect takes both for one" in found[0][2]


def test_flows_of_one_name_in_several_files_are_told_of() -> None:
    twin = {"flows/copy.py": FLOWS.format(steps="pass", name="stock", rest="")}

    assert judged(shop(), shop(**twin), SourceSound())[0] == "warned"


ONE_FILE = """\
from prefect import flow


def save(): ...


def prepare():
    {inner}


@flow
def nightly():
    prepare()
    {own}
"""


@pytest.mark.parametrize(
    "inner, own, outcome",
    [
        (("pass", "save()"), ("save()", "pass"), "passed"),
        # What it reached beside its own call before took nothing over.
        (("save()", "save()"), ("save()", "pass"), "needs_approval"),
    ],
)
def test_a_step_that_another_one_takes_over_is_no_loss(
    inner: tuple[str, str], own: tuple[str, str], outcome: str
) -> None:
    before, after = ({"flows/a.py": ONE_FILE.format(inner=inner[side], own=own[side])} for side in (0, 1))

    assert judged(before, after)[0] == outcome
