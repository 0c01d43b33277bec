from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from meta_pipeline.policy import GateRule
from meta_pipeline.settings import HOME_VARIABLE, Home, Settings, SettingsError, Target

SALES = Target(name="sales", repository="/srv/sales.git")


def test_without_a_file_nothing_is_watched(tmp_path: Path) -> None:
    home = Home(tmp_path / "not there")
    assert home.settings() == Settings()
    assert home.held is None
    with pytest.raises(SettingsError, match="no target 'sales' is watched; known targets: none"):
        home.target("sales")


def test_the_home_is_where_the_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "here"))
    assert Home.of_environment().path == tmp_path / "here"
    monkeypatch.setenv(HOME_VARIABLE, "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Home.of_environment().path == tmp_path / ".meta-pipeline"


def test_a_watched_target_is_kept_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert home.watch(SALES) == home.watch(SALES) == home.target("sales")
    assert home.settings().targets == (SALES,)


def test_what_the_operator_wrote_survives_a_new_target(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.settings_file.write_text(
        "version: 1\nkeep_watch_seconds: 5\nevidence: memory://facts\ntargets:\n"
        "- {name: shop, repository: /srv/shop.git, allowed_signers: shop.signers, gates: {VAL001: failed}}\n"
    )
    home.watch(SALES)
    settings = home.settings()
    assert (settings.keep_watch_seconds, settings.evidence) == (5, "memory://facts")
    assert [target.name for target in settings.targets] == ["shop", "sales"]
    assert settings.targets[0].gates == {"VAL001": GateRule(outcome="failed")}
    assert settings.targets[0].allowed_signers == "shop.signers"


def test_one_name_is_one_repository(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.watch(SALES)
    with pytest.raises(SettingsError, match=r"'sales' is already /srv/sales\.git; give /srv/other another"):
        home.watch(Target(name="sales", repository="/srv/other"))


def test_targets_that_are_watched_at_once_are_all_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    targets = [Target(name=f"t{number}", repository=f"/srv/{number}") for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(home.watch, targets))
    assert {target.name for target in home.settings().targets} == {target.name for target in targets}


@pytest.mark.parametrize(
    "text, says",
    [
        ("targets: [", "settings.yaml:1: this is not YAML"),
        ("a: 1\nb: ]\n", "settings.yaml:2: this is not YAML"),
        ("a: \x1f\n", "it holds a control character"),
        ("- a\n", "is wrong"),
        ("tagets: []\n", "'tagets' is wrong: Extra inputs"),
        ("keep_watch_seconds: 0\n", "'keep_watch_seconds' is wrong"),
        ("targets: [{name: Sales, repository: a}]\n", "'targets.0.name' is wrong: write a name"),
        ("targets: [{name: a, repository: b}, {name: a, repository: c}]\n", "two targets share a name"),
        ("version: 2\n", "'version' is wrong"),
    ],
)
def test_wrong_settings_are_told_with_their_place(tmp_path: Path, text: str, says: str) -> None:
    home = Home(tmp_path)
    home.settings_file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        home.settings()
    assert says in str(caught.value)
    assert str(home.settings_file) in str(caught.value)


def test_a_hold_says_why_until_it_is_released(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.hold("release freeze")
    assert home.held == "release freeze"
    home.hold("")
    assert home.held == "no reason given"
    home.release()
    home.release()
    assert home.held is None
