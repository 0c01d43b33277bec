"""Imports that lead in a circle, or nearly to a module of the repository."""

from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg017_source_sound import SourceSound
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy
from meta_pipeline.schedulers.survey import read_change

LOADS = "from shop.settings import DAYS\n\n\ndef load():\n    return DAYS\n"
FILES = {"shop/__init__.py": "", "shop/settings.py": '"""Times."""\n\nDAYS = 3\n', "shop/load.py": LOADS}


def judged(edits: dict[str, str], before: dict[str, str] = FILES) -> list[tuple[str, str | None, int | None]]:
    change = read_change(MemoryTree.of(before), MemoryTree.of({**before, **edits}), Policy())
    result = judge(SourceSound(), Case(Policy(), change=change))
    return [(str(found.outcome), found.path, found.line) for found in result.findings]


def test_a_circle_that_no_module_can_begin_is_broken() -> None:
    text = '"""Times."""\n\nfrom shop.load import load\n\nDAYS = 3\n'
    assert judged({"shop/settings.py": text}) == [("failed", "shop/settings.py", 3)]


def test_what_a_module_adds_to_itself_at_its_end_comes_too_late_for_a_circle() -> None:
    before = {**FILES, "shop/load.py": LOADS + "\n\nglobals()['more'] = load\n"}
    text = '"""Times."""\n\nfrom shop.load import load\n\nDAYS = 3\n'
    assert judged({"shop/settings.py": text}, before) == [("failed", "shop/settings.py", 3)]
    early = {**before, "shop/settings.py": "globals()['DAYS'] = 3\n"}
    assert (
        judged({"shop/settings.py": f"{early['shop/settings.py']}from shop.load import load\n"}, early) == []
    )


def test_a_circle_of_three_is_broken_too() -> None:
    before = {**FILES, "shop/run.py": "from shop.load import load\n\n\ndef run():\n    load()\n"}
    text = "from shop.run import run\n\nDAYS = 3\n"
    assert judged({"shop/settings.py": text}, before) == [("failed", "shop/settings.py", 1)]


def test_a_circle_that_loads_from_the_changed_module_is_left_alone() -> None:
    text = '"""Times."""\n\nDAYS = 3\nfrom shop.load import load\n'
    assert judged({"shop/settings.py": text}) == []


def test_what_is_imported_inside_a_function_closes_no_circle() -> None:
    text = "DAYS = 3\n\n\ndef again():\n    from shop.load import load\n\n    return load()\n"
    assert judged({"shop/settings.py": text}) == []


def test_a_package_and_its_modules_may_import_each_other() -> None:
    text = "from shop import settings\n\nDAYS = settings.DAYS\n"
    assert judged({"shop/__init__.py": "from shop.load import DAYS\n", "shop/load.py": text}) == []


def test_a_package_whose_name_is_misspelt_is_none_of_others() -> None:
    assert judged({"shop/load.py": LOADS.replace("shop.", "shpo.")}) == [("failed", "shop/load.py", 1)]


def test_another_package_that_others_import_is_not_misspelt() -> None:
    before = {**FILES, "shop/other.py": "from shops.settings import DAYS\n"}
    assert judged({"shop/load.py": LOADS.replace("shop.", "shops.")}, before) == []


def test_a_name_is_missed_where_other_imports_of_the_package_lead_elsewhere() -> None:
    before = {**FILES, "shop/other.py": "from shop.generated.api import Api\n"}
    assert judged({"shop/load.py": LOADS.replace("import DAYS", "import DAY as DAYS")}, before) == [
        ("failed", "shop/load.py", 1)
    ]
