"""CHG022: whoever relies on a waiver learns that it does not count."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.waiver import WAIVERS, Granted, Refused, Waiver, Waivers
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_FILE = f"{WAIVERS}/late-orders.yaml"


class WaiversInForce(Gate):
    """Every waiver of the base commit counts: an allowed signer signed it, for this target, and its day has not passed.

    One that does not count is said here and leaves every finding as it is. A waiver that the change itself brings
    counts from the next change on, once it is part of the base: nobody excuses a change with the change.
    """

    id: ClassVar[str] = "CHG022"
    name: ClassVar[str] = "waivers-in-force"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    default: ClassVar[Strength] = "warned"

    def judge(self, case: Case) -> Opinion:
        found = [*map(_refused, case.waivers.refused), *_brought(case)]
        if not found and not case.waivers.granted:
            return self.not_applicable("nobody waived anything")
        return weigh(self, found, f"{len(case.waivers.granted)} waiver(s) count")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        waiver = Waiver(
            target="sales",
            gate="CHG005",
            pipeline="backfill_*",
            until=date(2026, 3, 31),
            why="the warehouse moves in the first quarter",
        )
        granted = Waivers(granted=(Granted(waiver, specimens.SIGNER, _FILE),))
        expired = Waivers(refused=(Refused(_FILE, "its last day was 2026-01-31", "remove it"),))
        unsigned = Waivers(
            refused=(Refused(_FILE, f"nobody signed it: there is no {_FILE}.sig", "remove it"),)
        )
        brought = specimens.change({}, {_FILE: "version: 1\n"})
        return (
            Example("a signed waiver", Case(Policy(), waivers=granted), "passed", "1 waiver(s) count"),
            Example("no waiver", Case(Policy()), "not_applicable", "nobody waived"),
            Example("a waiver whose day has passed", Case(Policy(), waivers=expired), "warned", "2026-01-31"),
            Example(
                "a waiver that nobody signed", Case(Policy(), waivers=unsigned), "warned", "nobody signed"
            ),
            Example(
                "a waiver that comes with the change",
                Case(Policy(), change=brought),
                "warned",
                "from the next change",
            ),
        )


def _refused(refused: Refused) -> Weighed:
    message = f"this waiver does not count, and what it was to except stands: {refused.why}"
    return weighed("warned", message, refused.fix, path=refused.file, line=1)


def _brought(case: Case) -> Iterator[Weighed]:
    for file in case.change.files if case.change else ():
        if file.path.startswith(f"{WAIVERS}/") and file.path.endswith(".yaml") and file.status != "deleted":
            yield weighed(
                "warned",
                "this waiver counts from the next change on, and excepts nothing of the one that brings it",
                "merge it by itself, before the change that needs it",
                path=file.path,
                line=1,
            )
