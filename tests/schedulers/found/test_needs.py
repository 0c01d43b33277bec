"""What changed code newly needs of its platform."""

import pytest

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.schedulers.found.needs import new_needs


@pytest.mark.parametrize(
    "path,line,kind,name",
    [
        ("dags/a.py", 'load = SQLExecuteQueryOperator(conn_id="refunds_db")', "Connection", "refunds_db"),
        ("dags/a.py", 'hook = BaseHook.get_connection("refunds_db")', "Connection", "refunds_db"),
        ("sql/a.sql", "-- {{ conn.refunds_db.host }}", "Connection", "refunds_db"),
        ("dags/a.py", 'rate = Variable.get("tax_rate")', "Variable", "tax_rate"),
        ("sql/a.sql", "select {{ var.value.tax_rate }}", "Variable", "tax_rate"),
        ("dags/a.py", 'task = BashOperator(pool="slow_lane")', "pool", "slow_lane"),
        ("assets.py", 'token = EnvVar("SHOP_TOKEN")', "environment variable", "SHOP_TOKEN"),
        ("assets.py", 'token = os.environ["SHOP_TOKEN"]', "environment variable", "SHOP_TOKEN"),
        ("profiles.yml", "user: \"{{ env_var('SHOP_USER') }}\"", "environment variable", "SHOP_USER"),
        ("flows/a.py", 'key = Secret.load("shop-key")', "block", "shop-key"),
        ("flows/a.py", 'flow.deploy(work_pool_name="batch")', "work pool", "batch"),
    ],
)
def test_a_new_need_is_seen_at_its_line(path: str, line: str, kind: str, name: str) -> None:
    base, head = MemoryTree.of({path: "x = 1\n"}), MemoryTree.of({path: f"x = 1\n{line}\n"})

    (need,) = new_needs(base, head, [path])

    assert (need.kind, need.name, need.path, need.line) == (kind, name, path, 2)


@pytest.mark.parametrize(
    "line",
    [
        'rate = Variable.get("tax_rate", default_var="0.19")',
        'token = os.getenv("SHOP_TOKEN", "")',
        'os.environ["SHOP_TOKEN"] = "made here"',
        "user: \"{{ env_var('SHOP_USER', 'shop') }}\"",
    ],
)
def test_what_has_a_default_is_no_need(line: str) -> None:
    head = MemoryTree.of({"a.py": f"{line}\n"})

    assert new_needs(MemoryTree.of({}), head, ["a.py"]) == ()


def test_what_another_file_used_before_is_not_new() -> None:
    base = MemoryTree.of({"dags/a.py": 'x = Variable.get("tax_rate")\n', "dags/b.py": ""})
    head = MemoryTree.of({"dags/a.py": "", "dags/b.py": 'y = Variable.get("tax_rate")\n'})

    assert new_needs(base, head, ["dags/a.py", "dags/b.py"]) == ()
