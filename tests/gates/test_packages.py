"""Gates that other packages bring."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from meta_pipeline.gates.case import Case
from meta_pipeline.gates.catalogue import catalogue, own_gates
from meta_pipeline.gates.gate import judge
from meta_pipeline.policy import Policy
from tests.gates.installed_gates import OWNED, install


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, into which packages can be installed before the gates are asked for."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    catalogue.cache_clear()
    yield folder
    catalogue.cache_clear()
    for module in [name for name in sys.modules if name.startswith("acme_")]:
        del sys.modules[module]


def test_without_another_package_there_are_our_own_gates_alone(site: Path) -> None:
    assert catalogue().gates.keys() == own_gates().gates.keys()
    assert not catalogue().packages


@pytest.mark.parametrize("value", ["acme_whole", "acme_whole:OwnerNamed"])
def test_an_entry_point_names_a_module_or_a_class(site: Path, value: str) -> None:
    install(site, "acme-whole", OWNED, f"ACME001 = {value}")

    gate = catalogue().gates["ACME001"]

    assert catalogue().packages == {"ACME001": "acme-whole 1.2"}
    assert list(catalogue().gates) == sorted(catalogue().gates)
    for example in gate.examples():
        result = judge(gate, example.case)
        assert result.outcome == example.outcome
        assert example.says in "".join(finding.message for finding in result.findings)


BROKEN = {
    "its module cannot be imported": ("import acme_missing\n", "No module named 'acme_missing'"),
    "its module is no Python": ("def (\n", "SyntaxError"),
    "it is no gate": ("class OwnerNamed: pass\n", "no class derived from"),
    "it has no such class": ("", "has no attribute 'OwnerNamed'"),
    "it does not judge": (
        "from meta_pipeline.gates.gate import Gate\nclass OwnerNamed(Gate): pass\n",
        "does not define examples and judge",
    ),
    "it has no name": (OWNED.replace('    name: ClassVar[str] = "owner-named"\n', ""), "has no 'name'"),
    "its id is no id": (OWNED.replace("ACME001", "acme-1"), "the id 'acme-1' of OwnerNamed"),
    "its id is taken": (OWNED.replace("ACME001", "CHG005"), "CHG005 is that of a gate of meta-pipeline"),
    "it is shown nowhere": (OWNED.replace('"patched_code"', '"the_code"'), "implementation/the_code, where no gate"),
    "it judges sign-offs": (OWNED.replace('("change",)', '("signing",)'), "who may sign"),
    "it cannot be made": (OWNED.replace("    def judge", "    def __init__(self): 1 / 0\n\n    def judge"), "ZeroDiv"),
}  # fmt: skip


@pytest.mark.parametrize("source,why", BROKEN.values(), ids=BROKEN)
def test_a_gate_that_cannot_be_loaded_could_not_run(site: Path, source: str, why: str) -> None:
    install(site, "acme-broken", source, "ACME001 = acme_broken:OwnerNamed")

    result = judge(catalogue().gates["ACME001"], Case(Policy()))

    assert result.outcome == "could_not_run"
    assert "'ACME001' of acme-broken 1.2 cannot be loaded" in result.reason
    assert why in result.reason
    assert "\n" not in result.reason
    assert own_gates().gates.keys() < catalogue().gates.keys()


def test_a_module_without_a_gate_and_two_of_one_name_are_told_apart(site: Path) -> None:
    install(site, "acme-empty", "", "rules = acme_empty")
    install(site, "acme-other", "", "rules = acme_other")

    unloadable = [gate for id_, gate in catalogue().gates.items() if id_ in catalogue().packages]

    assert len(unloadable) == 2
    assert all("holds no gate" in judge(gate, Case(Policy())).reason for gate in unloadable)


def test_of_two_packages_with_one_id_the_second_could_not_run(site: Path) -> None:
    install(site, "acme-first", OWNED, "ACME001 = acme_first:OwnerNamed")
    install(site, "acme-second", OWNED, "ACME001 = acme_second:OwnerNamed")

    second = next(id_ for id_, package in catalogue().packages.items() if package == "acme-second 1.2")

    assert catalogue().packages["ACME001"] == "acme-first 1.2"
    assert (
        "ACME001 is that of a gate of acme-first 1.2"
        in judge(catalogue().gates[second], Case(Policy())).reason
    )
