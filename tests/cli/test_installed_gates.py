"""Gates of another package, as the user of a command meets them."""

from pathlib import Path

from git import Repo

from tests.cli.command import DAG, SHOP, Shell
from tests.conftest import ROOT, MakeRepository, commit
from tests.gates.installed_gates import OWNED, install

NEW_DAG = DAG.replace('"daily"', '"hourly"')


def changed(git_repo: MakeRepository) -> Repo:
    repo = git_repo(SHOP)
    commit(repo, {"dags/hourly.py": NEW_DAG})
    return repo


def test_an_installed_gate_is_listed_explained_and_judged(shell: Shell, git_repo: MakeRepository) -> None:
    site = shell.folder / "site"
    install(site, "acme-gates", OWNED, "ACME001 = acme_gates:OwnerNamed")
    path = {"PYTHONPATH": f"{ROOT}:{site}"}
    repo = changed(git_repo)

    listed = shell.run("gates", **path)
    explained = shell.run("gates", "acme001", **path)
    judged = shell.run(
        "check", "--repo", str(repo.working_dir), "--base", "HEAD~1", "--head", "HEAD", "--json", **path
    )

    assert "acme-gates 1.2" in listed.stdout
    assert (listed.exit, explained.exit) == (0, 0)
    assert "Every new pipeline names its owner." in explained.stdout
    assert "It comes from acme-gates 1.2." in explained.stdout
    found = next(gate for gate in judged.document("check")["gates"] if gate["id"] == "ACME001")
    assert found["outcome"] == "needs_approval"
    assert found["findings"][0]["path"] == "dags/hourly.py"
    assert found["findings"][0]["pipeline"] == "hourly"
    assert judged.exit == 3


def test_a_broken_gate_stops_a_change_in_one_sentence(shell: Shell, git_repo: MakeRepository) -> None:
    site = shell.folder / "site"
    install(site, "acme-gates", "import acme_missing\n", "ACME001 = acme_gates:OwnerNamed")
    path = {"PYTHONPATH": f"{ROOT}:{site}"}
    repo = changed(git_repo)

    listed = shell.run("gates", "--json", **path)
    judged = shell.run("check", "--repo", str(repo.working_dir), "--base", "HEAD~1", "--head", "HEAD", **path)

    broken = next(gate for gate in listed.document("gates")["gates"] if gate["id"] == "ACME001")
    assert "No module named 'acme_missing'" in broken["unloadable"]
    assert (listed.exit, judged.exit) == (4, 4)
    assert "ACME001 unloadable: could not run the gate 'ACME001' of acme-gates 1.2" in judged.stdout
    assert "Traceback" not in listed.text + judged.text


def test_the_folder_of_a_package_is_not_told(shell: Shell, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, "acme-gates", "1 / 0\n", "ACME001 = acme_gates")

    assert str(site) not in shell.run("gates", PYTHONPATH=f"{ROOT}:{site}").stdout
