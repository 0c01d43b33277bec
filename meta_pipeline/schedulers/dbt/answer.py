"""What the probe wrote about one run of dbt, as frozen types."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from meta_pipeline.delivery.model import Frozen
from meta_pipeline.schedulers.dbt.manifest import Manifest
from meta_pipeline.schedulers.runtime import read_document

Row = Mapping[str, str]


class Result(Frozen):
    """What became of one node; `failures` counts the failing rows of a test."""

    unique_id: str
    status: str
    seconds: float
    failures: int | None = None
    message: str = ""

    @property
    def built(self) -> bool:
        """Whether a node other than a test was built."""
        return self.status in ("success", "partial success", "no-op")

    @property
    def is_test(self) -> bool:
        return self.unique_id.startswith(("test.", "unit_test."))


class Answer(Frozen):
    """One run of dbt on the project in the folder `project`; `succeeded` is what its exit status says.

    `missing` says why dbt was not started. `command` is the one that the rest tells of: `deps` where the packages
    could not be installed. `errors` are dbt's own words on what is about no node; `manifest` is None where the project
    could not be parsed, `results` where nothing was run. `rows` are some failing rows of tests, by unique id.
    """

    project: str = "."
    succeeded: bool = False
    missing: str | None = None
    version: str = "unresolved"
    command: Literal["deps", "parse", "build"] | None = None
    seconds: float = 0
    errors: tuple[str, ...] = ()
    manifest: Manifest | None = None
    results: tuple[Result, ...] | None = None
    rows: Mapping[str, tuple[Row, ...]] = Field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether all that was asked for was built, so that another run can begin where this one ended."""
        relations = [
            r for r in self.results or () if not r.is_test and not r.unique_id.startswith("exposure.")
        ]
        return self.manifest is not None and bool(relations) and all(result.built for result in relations)


def read_answer(path: Path) -> Answer:
    """The answer in a file of the probe; raises `OSError` or `ValueError` where there is none that can be read."""
    return read_document(Answer, path, "answer that dbt's probe wrote")
