"""Twins that the scheduler itself loads, in a real environment of dbt."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from meta_pipeline.cli.lab_loading import loadable, loaded
from meta_pipeline.lab.bases import bases_of
from meta_pipeline.lab.cases import Draw, drawn
from meta_pipeline.lab.environments import lacking
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.sources import sources
from meta_pipeline.lab.stores import CaseStore
from meta_pipeline.lab.twins.sql_text import RefRespelt

MODEL = "models/marts/fct_loans.sql"


class Changed(Mutator):
    """What is called harmless, and is not."""

    schedulers = frozenset({"dbt"})
    is_harmful = False
    keeps_pipelines = True
    old, new = "", ""

    def mutations(self, base: Base, dice: Random) -> Iterator[Mutation]:
        data = base.tree.read(base.path) or b""
        if base.path == MODEL:
            yield Mutation(
                {MODEL: data.replace(self.old.encode(), self.new.encode())}, (), "changes a reference"
            )


class Refused(Changed):
    id = "refused"
    old, new = "ref('stg_items')", "ref('nothing')"


class OtherPipelines(Changed):
    id = "other-pipelines"
    old, new = "ref('stg_items')", "ref('stg_members')"


@pytest.mark.slow
def test_a_twin_that_the_scheduler_refuses_or_sees_otherwise_is_complained_of(
    tmp_path: Path, operator_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("META_PIPELINE_HOME", str(operator_home))
    source = next(source for source in sources() if source.name == "dbt_only")
    store = CaseStore.made(tmp_path / "dbt_only.git", "dbt_only", source.files(tmp_path, None))
    assert lacking(operator_home, store.tree(), build=True) is None
    assert loadable({"dbt_only": store}) == {"dbt_only": store}

    mutators: list[Mutator] = [Refused(), OtherPipelines(), RefRespelt()]
    bases = list(bases_of("dbt_only", store.tree(), "dbt_only", None))
    cases = drawn(bases, mutators, Draw(0, 1))
    assert len(cases) == len(mutators)
    said = {
        complaint.case.rpartition("-")[0]: complaint.says
        for complaint in loaded(cases, mutators, {"dbt_only": store}, 1)
    }
    assert said.keys() == {"refused", "other-pipelines"}
    assert "nothing" in said["refused"]
    assert "fct_loans" in said["other-pipelines"]
