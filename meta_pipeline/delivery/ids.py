"""The name of a delivery, in the three forms that people and tools use."""

import re
from typing import Self

from meta_pipeline.delivery.model import Frozen

INBOX_SOURCE = "inbox"
"""The source of deliveries whose issue is committed in the target's inbox."""

TARGET_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PARTITION = re.compile(r"(?P<source>[a-z]+)-(?P<number>[A-Za-z0-9]+)")


class DeliveryId(Frozen):
    """`<target>/<source>-<number>`, such as `sales/inbox-0007`."""

    target: str
    source: str
    number: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `<target>/<source>-<number>`; raise `ValueError` that shows the form when it is not one."""
        target, slash, partition_key = text.partition("/")
        if slash and TARGET_NAME.fullmatch(target):
            return cls.of_partition(target, partition_key)
        raise ValueError(
            f"'{text}' is no delivery id; write <target>/<source>-<number>, as sales/inbox-0007 "
            "('meta-pipeline status' lists them)"
        )

    @classmethod
    def of_partition(cls, target: str, partition_key: str) -> Self:
        """The delivery that a partition key of `deliveries_<target>` names."""
        match = _PARTITION.fullmatch(partition_key)
        if match is None:
            raise ValueError(
                f"'{partition_key}' names no delivery of {target}; write <source>-<number>, as inbox-0007"
            )
        return cls(target=target, source=match["source"], number=match["number"])

    @property
    def partition_key(self) -> str:
        return f"{self.source}-{self.number}"

    @property
    def branch(self) -> str:
        """The branch that the delivery adds to the target's repository."""
        return f"meta-pipeline/{self.partition_key}"

    def __str__(self) -> str:
        return f"{self.target}/{self.partition_key}"
