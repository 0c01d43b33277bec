"""A target in which nothing is new, with as many known issues as wanted."""

from pathlib import Path

import dagster as dg

from meta_pipeline.defs.code_location import code_location
from meta_pipeline.delivery.change_set import Author
from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.ledger import Opened
from meta_pipeline.desk import Desk
from meta_pipeline.policy import INBOX
from meta_pipeline.resources import DeskResource
from meta_pipeline.settings import Home, Target
from tests.conftest import MakeRepository

ISSUE = "---\ntitle: Load number {number}\nrequester: shop\n---\n\nRetries of `daily.load` are at least 3.\n"


class IdleTarget:
    """A target whose inbox holds `count` issues, each with a delivery and a partition, and nothing new."""

    def __init__(self, folder: Path, git_repo: MakeRepository, count: int) -> None:
        files: dict[str, str | bytes] = {
            f"{INBOX}/{number:05}-load.md": ISSUE.format(number=number) for number in range(1, count + 1)
        }
        source = Path(
            git_repo({".meta-pipeline.yaml": "version: 1\n", **files}, name=f"of-{count}").working_dir
        )
        folder.mkdir()
        self.home = Home(folder)
        target = self.home.watch(Target(name="shop", repository=str(source)))
        desk = Desk(self.home)
        deliveries = [
            DeliveryId(target="shop", source="inbox", number=f"{n:05}") for n in range(1, count + 1)
        ]
        opened = Opened(
            revision=1,
            issue="sha256:0",
            policy="sha256:0",
            policy_commit="0",
            author=Author(kind="recipes", identity="bench"),
        )
        for delivery in deliveries:
            desk.record(delivery).append(opened)
        mirror = desk.mirror(target)
        self.cursor = mirror.tree(mirror.tip("main")).folder_id(INBOX)
        self.definitions = code_location(self.home).get_repository_def()
        self.sensor = self.definitions.get_sensor_def("issue_sensor_shop")
        (folder / "dagster").mkdir()
        self.instance = dg.DagsterInstance.local_temp(str(folder / "dagster"))
        self.instance.add_dynamic_partitions("deliveries_shop", [each.partition_key for each in deliveries])

    def tick(self) -> None:
        """One tick of the issue sensor, as the daemon evaluates it."""
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=self.definitions,
            resources={"desk": DeskResource(home=str(self.home.path))},
        )
        found = self.sensor.evaluate_tick(context)
        assert found.skip_message == "the inbox is as it was"
