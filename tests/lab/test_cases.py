from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.lab.bases import Based, bases_of, part_of
from meta_pipeline.lab.cases import Case, Draw, cases_digest, drawn
from meta_pipeline.lab.twins.python_layout import ImportsReordered
from tests.lab.samples import DAG, CommentAdded, LineGone


def repository(name: str, count: int) -> list[Based]:
    tree = MemoryTree.of({f"dags/d{n}.py": DAG.replace("'d'", f"'d{n}'") for n in range(count)})
    return list(bases_of(name, tree, name, None))


BASES = [*repository("large", 40), *repository("small", 3)]


def of_class(cases: tuple[Case, ...], name: str) -> list[str]:
    return [case.id for case in cases if case.mutator == name]


def test_the_same_seed_draws_the_same_cases_and_another_seed_others() -> None:
    first, second, other = (drawn(BASES, [LineGone()], Draw(seed, 8)) for seed in (0, 0, 1))
    assert cases_digest(case.id for case in first) == cases_digest(case.id for case in second)
    assert cases_digest(case.id for case in first) != cases_digest(case.id for case in other)


def test_another_class_changes_no_case_of_the_others() -> None:
    alone = drawn(BASES, [LineGone()], Draw(0, 8))
    beside = drawn(BASES, [CommentAdded(), LineGone()], Draw(0, 8))
    assert of_class(beside, "line-gone") == of_class(alone, "line-gone")
    assert len(of_class(beside, "comment-added")) == 8


def test_a_small_repository_gets_as_many_cases_as_a_large_one() -> None:
    cases = drawn(BASES, [LineGone()], Draw(0, 6))
    assert sorted(case.repository for case in cases) == ["large"] * 3 + ["small"] * 3
    assert len({(case.repository, case.path) for case in cases}) == 6


def test_when_the_files_are_used_up_a_second_change_of_each_is_drawn_and_none_twice() -> None:
    cases = drawn(repository("small", 3), [LineGone()], Draw(0, 9))
    assert len({case.id for case in cases}) == 9
    assert {path: sum(case.path == path for case in cases) for path in {case.path for case in cases}} == {
        "dags/d0.py": 3,
        "dags/d1.py": 3,
        "dags/d2.py": 3,
    }


def test_only_the_files_of_the_chosen_part_are_changed() -> None:
    tuning = drawn(BASES, [LineGone()], Draw(0, 50, "tuning"))
    scored = drawn(BASES, [LineGone()], Draw(0, 50, "scored"))
    assert {case.part for case in tuning} == {"tuning"}
    assert not {(c.repository, c.path) for c in tuning} & {(c.repository, c.path) for c in scored}


def test_a_part_is_about_half_of_the_files_and_the_same_in_each_release_of_a_family() -> None:
    parts = [part_of("airflow-examples", f"dags/{n}.py") for n in range(400)]
    assert 150 < parts.count("tuning") < 250
    assert [part_of("airflow-examples", f"dags/{n}.py") for n in range(400)] == parts


def test_a_file_belongs_to_the_innermost_scheduler_and_a_pinned_repository_to_its_part() -> None:
    tree = MemoryTree.of(
        {
            "dags/d.py": DAG,
            "dags/dbt/dbt_project.yml": "name: shop\nmodel-paths: [models]\n",
            "dags/dbt/models/a.sql": "select 1",
            ".github/workflows/ci.yml": "on: push\n",
            "logo.png": b"\x89PNG\0",
        }
    )
    found = {based.base.path: based for based in bases_of("shop", tree, "shop", "tuning")}
    assert found["dags/d.py"].base.scheduler == "airflow"
    assert found["dags/dbt/models/a.sql"].base.scheduler == "dbt"
    assert found[".github/workflows/ci.yml"].base.scheduler == "airflow"
    assert {based.part for based in found.values()} == {"tuning"}
    assert "logo.png" not in found


def test_a_file_that_airflow_is_told_to_leave_alone_is_no_place_for_a_fault() -> None:
    files = {"dags/d.py": DAG, "dags/old/e.py": DAG, "dags/.airflowignore": "old/\n", "a.md": ""}
    found = bases_of("shop", MemoryTree.of(files), "shop", None)
    assert {based.base.path for based in found} == {"a.md", "dags/d.py"}


def test_another_layout_is_harmless_only_where_no_linter_of_the_repository_objects() -> None:
    files = {"dags/d.py": "import os\nimport re\n" + DAG, "a.md": ""}
    linted = {
        **files,
        "Makefile": "lint:\n\truff check .\n",
        "pyproject.toml": "[tool.ruff]\nline-length = 100\n",
    }
    assert drawn(list(bases_of("s", MemoryTree.of(files), "s", None)), [ImportsReordered()], Draw(0, 1))
    assert not drawn(list(bases_of("s", MemoryTree.of(linted), "s", None)), [ImportsReordered()], Draw(0, 1))


def test_the_key_of_a_case_tells_nothing_of_its_class_and_changes_with_the_base() -> None:
    (one,) = drawn(repository("small", 1), [CommentAdded()], Draw(0, 1))
    (other,) = drawn(
        list(bases_of("small", MemoryTree.of({"dags/d0.py": DAG, "a.md": ""}), "small", None))[1:],
        [CommentAdded()],
        Draw(0, 1),
    )
    assert one.id == f"comment-added-{one.key}"
    assert "comment" not in one.key
    assert one.key != other.key
