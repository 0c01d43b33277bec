"""A stack of gates: any command line that judges two commits, as a small YAML file describes it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from meta_pipeline.delivery.model import Frozen, chunk_id, digest

SHIPPED = Path(__file__).resolve().parent / "stacks"
_PLACES = ("{repo}", "{base}", "{head}")


class StackError(ValueError):
    """A stack cannot be used; the text says where and how to mend it."""


class Stack(Frozen):
    """A stack of gates behind a command line.

    `command` is run once for each case, without a shell, with `{repo}` (a git repository that holds both commits),
    `{base}` and `{head}` (their full ids), `{state}` (a folder that lasts for all runs of this stack, for caches),
    `{home}` (where meta-pipeline keeps the environments of targets) and `{python}` (the interpreter that runs the
    laboratory) filled in. An exit status of `passes` lets the change
    through, one of `stops` stops it, one of `unable` says that it cannot judge it here; any other says that the stack
    broke. `output` is what it prints on standard
    output: the document of `meta-pipeline check --json`, SARIF 2.1.0, or nothing that can be read, with which no
    place is ever right. With `needs_checkout`, `{repo}` is a checkout of `head`, else a bare repository. With
    `needs_environment` it is asked only where the environments of the source are built, as it can say nothing
    elsewhere.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    command: tuple[str, ...] = Field(min_length=1)
    passes: tuple[int, ...] = (0,)
    stops: tuple[int, ...] = (1,)
    unable: tuple[int, ...] = ()
    output: Literal["check", "sarif", "none"] = "sarif"
    needs_checkout: bool = False
    needs_environment: bool = False
    level: Literal["static", "full"] = "static"
    seconds: float = Field(default=120, gt=0)
    variables: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("command")
    @classmethod
    def _names_the_change(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        missing = [place for place in _PLACES if not any(place in part for part in value)]
        if missing:
            raise ValueError(f"the command lacks {' and '.join(missing)}; say where they stand in it")
        return value

    @property
    def digest(self) -> str:
        """Changes where what is run changes: older results are then another stack's."""
        # One that is never unable runs as it did before stacks could say so.
        left_out = {"title", "needs_environment", *(() if self.unable else ("unable",))}
        return chunk_id(digest(self.model_dump(mode="json", exclude=left_out)))


def read_stack(named: str) -> Stack:
    """The stack in a file, or a shipped one by its name; raises `StackError`."""
    shipped = SHIPPED / f"{named}.yaml"
    path = shipped if shipped.is_file() else Path(named)
    if not path.is_file():
        names = ", ".join(sorted(each.stem for each in SHIPPED.glob("*.yaml")))
        raise StackError(
            f"{named} is neither a file nor a shipped stack; name a YAML file or one of {names}."
        )
    try:
        found = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        return Stack.model_validate(found)
    except YAMLError as error:
        raise StackError(f"{path} is no YAML: {' '.join(str(error).split())}; mend it there.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise StackError(f"{path}: {where}: {first['msg']}; docs/gate-lab.md shows a stack.") from error
