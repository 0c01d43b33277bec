"""The operator's settings: which targets are watched, and where everything is kept."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from meta_pipeline.delivery.ids import TARGET_NAME
from meta_pipeline.delivery.model import Frozen
from meta_pipeline.policy import GateRule

HOME_VARIABLE = "META_PIPELINE_HOME"
SETTINGS_FILE = "settings.yaml"
DEFAULT_HOME = "~/.meta-pipeline"


class SettingsError(ValueError):
    """The settings cannot be used; the text says where and how to mend them."""


class Target(Frozen):
    """One watched repository.

    `repository` is a path or URL that git can fetch. `allowed_signers` is a file of the operator's that
    signers must stand in too. `gates` say what findings come to, which the target's own policy may tighten and not
    loosen.
    """

    name: str
    repository: str
    allowed_signers: str | None = None
    gates: Mapping[str, GateRule] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if not TARGET_NAME.fullmatch(value):
            raise ValueError("write a name of lower-case letters, digits and underscores, as sales")
        return value


class Settings(Frozen):
    """What the operator decides.

    `evidence` is an fsspec URL or a path; None means a folder under the home. `keep_watch_seconds` is
    the pause between two ticks of a sensor.
    """

    version: Literal[1] = 1
    targets: tuple[Target, ...] = ()
    evidence: str | None = None
    keep_watch_seconds: int = Field(default=30, ge=1)

    @field_validator("targets")
    @classmethod
    def _names_differ(cls, value: tuple[Target, ...]) -> tuple[Target, ...]:
        names = [target.name for target in value]
        if len(names) != len(set(names)):
            raise ValueError("two targets share a name; give each its own")
        return value


@dataclass(frozen=True)
class Home:
    """The folder that holds settings, mirrors, environments, evidence and deliveries."""

    path: Path

    @classmethod
    def of_environment(cls) -> "Home":
        """The folder that `META_PIPELINE_HOME` names, or `~/.meta-pipeline`."""
        return cls(Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME).expanduser().resolve())

    @property
    def settings_file(self) -> Path:
        return self.path / SETTINGS_FILE

    @property
    def readings(self) -> Path:
        """Where what was read from source is kept for the next command."""
        return self.path / "readings"

    @property
    def held(self) -> str | None:
        """Why all new runs and merges are held; None where they are not."""
        try:
            return self._hold.read_text().strip() or "no reason given"
        except FileNotFoundError:
            return None

    def hold(self, reason: str) -> None:
        """Hold all new runs and merges, on every target."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._hold.write_text(reason + "\n")

    def release(self) -> None:
        """Let runs and merges go on."""
        self._hold.unlink(missing_ok=True)

    @property
    def _hold(self) -> Path:
        return self.path / "hold"

    def settings(self) -> Settings:
        """The operator's settings, defaults where there is no file; raises `SettingsError`."""
        try:
            text = self.settings_file.read_text()
        except FileNotFoundError:
            return Settings()
        try:
            return Settings.model_validate(YAML(typ="safe").load(text) or {})
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise SettingsError(
                f"{self.settings_file}:{line}: this is not YAML: {error.problem}; mend the line."
            ) from error
        except ReaderError as error:
            raise SettingsError(
                f"{self.settings_file}: this is not YAML: it holds a control character; remove it."
            ) from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            said = first["msg"].removeprefix("Value error, ")
            raise SettingsError(f"{self.settings_file}: '{where}' is wrong: {said}.") from error

    def target(self, name: str) -> Target:
        """The watched target with this name; raises `SettingsError` that names the known ones."""
        settings = self.settings()
        for target in settings.targets:
            if target.name == name:
                return target
        known = ", ".join(target.name for target in settings.targets) or "none"
        raise SettingsError(
            f"no target '{name}' is watched; known targets: {known} (see {self.settings_file}). "
            "A repository becomes one with its first: meta-pipeline deliver --repo PATH --issue FILE"
        )

    def watch(self, target: Target) -> Target:
        """Add a target to the settings file, once; raises `SettingsError` where its name means another repository."""
        from filelock import FileLock

        self.path.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path / "settings.lock"):
            settings = self.settings()
            for known in settings.targets:
                if known.name == target.name:
                    if known.repository != target.repository:
                        raise SettingsError(
                            f"{self.settings_file}: target '{target.name}' is already {known.repository}; "
                            f"give {target.repository} another 'target' name in its .meta-pipeline.yaml, "
                            "or change the path in the settings if the repository moved."
                        )
                    return known
            self._write(settings.model_copy(update={"targets": (*settings.targets, target)}))
        return target

    def _write(self, settings: Settings) -> None:
        yaml = YAML()
        yaml.default_flow_style = False
        temporary = self.settings_file.with_suffix(".writing")
        with temporary.open("w") as file:
            yaml.dump(settings.model_dump(mode="json", exclude_defaults=True) | {"version": 1}, file)
        temporary.replace(self.settings_file)
