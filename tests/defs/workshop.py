"""One operator, one target and one Dagster instance in a folder that can be put aside and taken up again."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import dagster as dg
from dagster._core.definitions.sensor_definition import SensorExecutionData
from git import Repo

from meta_pipeline.cli import decide
from meta_pipeline.defs.code_location import code_location
from meta_pipeline.defs.jobs import run_tags
from meta_pipeline.defs.lineage.survey import survey_job_name
from meta_pipeline.defs.parts import partitions
from meta_pipeline.delivery.change_set import Author
from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.ledger import Effect, Entry
from meta_pipeline.delivery.stages import JOBS, JobName
from meta_pipeline.delivery.states import Standing
from meta_pipeline.desk import Delivery, Desk, Request
from meta_pipeline.resources import BLOCKED_TAG, DeskResource
from meta_pipeline.settings import Home, Target
from tests.shipped_target import Fixture, ShippedTarget, target_name


@dataclass(frozen=True)
class Run:
    """What one Dagster run did."""

    result: dg.ExecuteInProcessResult
    tags: Mapping[str, str]

    @property
    def success(self) -> bool:
        return self.result.success

    @property
    def is_blocked(self) -> bool:
        return BLOCKED_TAG in self.tags

    @property
    def why(self) -> str:
        """What the failed steps say to a person, or the crash's own message."""
        said = []
        for event in self.result.all_events:
            if event.is_step_failure:
                data = event.step_failure_data
                told = data.user_failure_data.description if data.user_failure_data else None
                said.append(told or (data.error.to_string() if data.error else ""))
        return "\n".join(said)

    @property
    def made(self) -> list[str]:
        """The artifacts that were materialized, in order; what was told of the target's pipelines is no artifact."""
        return [
            event.asset_key.path[1]
            for event in self.result.get_asset_materialization_events()
            if event.asset_key and len(event.asset_key.path) == 2
        ]

    @property
    def checks(self) -> dict[str, dg.AssetCheckEvaluation]:
        """The evaluation of every check, by the gate's id."""
        return {
            evaluation.check_name.split("_")[0]: evaluation
            for evaluation in self.result.get_asset_check_evaluations()
        }


@dataclass(frozen=True)
class Workshop:
    """All under `root`: `home`, the Dagster instance, the target's repository and its team's checkout."""

    root: Path
    shared: Path
    delivery_id: DeliveryId
    fixture: Fixture = "airflow_sales"

    @property
    def home(self) -> Home:
        return Home(self.root / "home")

    @property
    def key(self) -> Path:
        return self.shared / "signer_key"

    @property
    def target(self) -> ShippedTarget:
        return ShippedTarget(self.root, self.fixture)

    @property
    def delivery(self) -> Delivery:
        return Desk(self.home).delivery(self.delivery_id)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return Desk(self.home).record(self.delivery_id).entries()

    @property
    def standing(self) -> Standing:
        return Desk(self.home).record(self.delivery_id).standing()

    @property
    def effects(self) -> list[str]:
        """The side effects that the ledger knows, in order."""
        return [entry.event.what for entry in self.entries if isinstance(entry.event, Effect)]

    @property
    def refs(self) -> dict[str, str]:
        """Every ref of the target's repository and the commit it is at."""
        return {ref.path: ref.commit.hexsha for ref in Repo(self.target.origin).refs}

    def set_up(self, *issues: str) -> "Workshop":
        """The target with these shipped issues in its inbox, watched by a fresh home."""
        self.home.path.mkdir(parents=True)
        (self.root / "dagster").mkdir()
        for name in ("environments", "base_evidence"):
            (self.home.path / name).symlink_to(self.shared / name)
        return self.hosting(*issues)

    def hosting(self, *issues: str) -> "Workshop":
        """The target with these shipped issues in its inbox, watched by the home that is there."""
        target = ShippedTarget.make(self.root, self.key, self.fixture)
        target.push_issues(*issues)
        self.home.watch(Target(name=target.name, repository=str(target.origin)))
        return self

    def beside(self, fixture: Fixture, *issues: str) -> "Workshop":
        """Another target in the same home and the same Dagster instance, at work on the first of these issues."""
        delivery_id = DeliveryId.of_partition(target_name(fixture), f"inbox-{issues[0]}")
        return replace(self, delivery_id=delivery_id, fixture=fixture).hosting(*issues)

    def of(self, delivery: str) -> "Workshop":
        """The same workshop, at work on another delivery."""
        delivery_id = DeliveryId.of_partition(self.delivery_id.target, delivery)
        return replace(self, delivery_id=delivery_id)

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        with dg.DagsterInstance.local_temp(str(self.root / "dagster")) as instance:
            yield instance

    def materialize(self, *assets: str) -> Run:
        """Materialize exactly these assets of the delivery, as a person does it in the UI."""
        with self.instance() as instance:
            partition_key = self.delivery_id.partition_key
            instance.add_dynamic_partitions(partitions(self.delivery_id.target).name or "", [partition_key])
            result = (
                code_location(self.home)
                .resolve_implicit_global_asset_job_def()
                .execute_in_process(
                    instance=instance,
                    partition_key=partition_key,
                    asset_selection=[dg.AssetKey([self.delivery_id.target, name]) for name in assets],
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                    tags=dict(run_tags(self.delivery_id)),
                    raise_on_error=False,
                )
            )
            run = instance.get_run_by_id(result.run_id)
            assert run is not None
            return Run(result, run.tags)

    def run(self, job: JobName) -> Run:
        """Materialize what a job makes."""
        return self.materialize(*JOBS[job])

    def survey(self) -> Run:
        """Survey the default branch, as the sensor has it done."""
        with self.instance() as instance:
            result = (
                code_location(self.home)
                .resolve_job_def(survey_job_name(self.target.name))
                .execute_in_process(instance=instance, raise_on_error=False)
            )
            return Run(result, {})

    @contextmanager
    def sensor_result(self, sensor: str, cursor: str | None = None) -> Iterator[SensorExecutionData]:
        """What one tick of a sensor asks for, evaluated as the daemon does it."""
        repository = code_location(self.home).get_repository_def()
        with (
            self.instance() as instance,
            dg.partition_loading_context(dynamic_partitions_store=instance),
        ):
            context = dg.build_sensor_context(
                instance=instance,
                cursor=cursor,
                repository_def=repository,
                resources={"desk": DeskResource(home=str(self.home.path))},
            )
            yield repository.get_sensor_def(f"{sensor}_{self.target.name}").evaluate_tick(context)

    def sign(
        self,
        stage: Literal["design", "review"],
        decision: Literal["approved", "rejected"] = "approved",
        reason: str | None = None,
    ) -> None:
        """Sign what waits, as `meta-pipeline approve` and `reject` do."""
        decide.sign(self.home, str(self.delivery_id), stage, self.key, decision, reason, as_json=False)

    def answer(self, question: str, text: str) -> None:
        decide.answer(self.home, str(self.delivery_id), question, text, as_json=False)

    def hand_in(self, issue: str, patch: str | None = None) -> None:
        """Hand in an issue that is not in the inbox, and a person's patch."""
        author = (
            Author(kind="patch", identity="somebody@example.com")
            if patch
            else Author(kind="recipes", identity="meta-pipeline recipes")
        )
        self.delivery.hand_in(Request(issue_path="asked.md", issue_text=issue, author=author, patch=patch))

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line of meta-pipeline on this home."""
        return subprocess.run(
            [sys.executable, "-m", "meta_pipeline", *arguments],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "META_PIPELINE_HOME": str(self.home.path)},
            capture_output=True,
            text=True,
            check=False,
        )

    def put_aside(self, where: Path) -> Path:
        """Copy everything; what is shared stays where it is."""
        return Path(shutil.copytree(self.root, where, symlinks=True))

    def take_up(self, aside: Path) -> "Workshop":
        """Be again as it was when it was put aside."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(aside, self.root, symlinks=True)
        return self
