"""Packages with gates of their own, as an installer would have laid them down in a folder on the path."""

from pathlib import Path

OWNED = '''
from typing import ClassVar

from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import weigh, weighed
from meta_pipeline.policy import Policy


class OwnerNamed(Gate):
    """Every new pipeline names its owner.

    A pipeline without an owner fails at night and wakes nobody who knows it.
    """

    id: ClassVar[str] = "ACME001"
    name: ClassVar[str] = "owner-named"
    stage: ClassVar[str] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)

    def judge(self, case: Case) -> Opinion:
        old = {pipeline.id for topology in case.change.base_topologies for pipeline in topology.pipelines}
        found = [
            weighed(
                "needs_approval",
                f"{pipeline.id} names no owner, so that nobody is told when it fails",
                "set its owner",
                path=pipeline.path,
                line=pipeline.line,
                pipeline=pipeline.id,
            )
            for topology in case.change.head_topologies
            for pipeline in topology.pipelines
            if pipeline.id not in old and pipeline.owner in (None, "airflow")
        ]
        return weigh(self, found, "every new pipeline names its owner")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        owned = specimens.change(head=(specimens.pipeline(owner="sales-data"),))
        orphan = specimens.change(head=(specimens.pipeline(),))
        return (
            Example("a new DAG with an owner", Case(Policy(), change=owned), "passed"),
            Example("a new DAG without an owner", Case(Policy(), change=orphan), "needs_approval", "no owner"),
        )
'''
"""A module that holds one whole gate."""


def install(site: Path, name: str, source: str, points: str, version: str = "1.2") -> None:
    """Lay down the distribution `name`: one module of the same name, and the lines of its entry points."""
    module = name.replace("-", "_")
    info = site / f"{module}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[meta_pipeline.gates]\n{points}\n")
    (site / f"{module}.py").write_text(source)
