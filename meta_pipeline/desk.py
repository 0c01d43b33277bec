"""One delivery at hand: its record, its target's mirror, its pinned policy, its borders."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from meta_pipeline.delivery.borders import Open, Shut, border
from meta_pipeline.delivery.change_set import Author
from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.ledger import Opened, opening
from meta_pipeline.delivery.model import Frozen, digest, digest_bytes
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.states import Standing
from meta_pipeline.delivery.waiver import Waivers
from meta_pipeline.evidence.record import DeliveryRecord
from meta_pipeline.evidence.signing import Signers
from meta_pipeline.evidence.store import EvidenceStore, Folder, readable_json
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.gates.gate import Gate
from meta_pipeline.gates.naming import require_gates_of_policy
from meta_pipeline.gates.waiving import waivers_in
from meta_pipeline.policy import POLICY_FILE, JoinedPolicy, Policy, read_policy
from meta_pipeline.schedulers.source.store import keep_readings_in
from meta_pipeline.settings import Home, Target
from meta_pipeline.workspace.repository import Mirror
from meta_pipeline.workspace.tree import GitTree


class Request(Frozen):
    """What an operator handed in with `deliver`: an issue that is not in the inbox, a patch, an author."""

    issue_path: str
    issue_text: str
    author: Author
    patch: str | None = None


@dataclass(frozen=True)
class Delivery:
    """One delivery of one target, with all that its stages need."""

    id: DeliveryId
    target: Target
    home: Home
    record: DeliveryRecord
    mirror: Mirror

    @property
    def tip(self) -> str:
        """The commit that the target's default branch is at, as of the last refresh of the mirror."""
        return self.mirror.tip(self.policy.default_branch)

    def tree(self, commit: str) -> GitTree:
        return self.mirror.tree(commit)

    @cached_property
    def opened(self) -> Opened:
        """The newest revision's opening; raises `ValueError` where nobody opened the delivery."""
        opened = opening(self.record.entries())
        if opened is None:
            raise ValueError(f"{self.id} was never opened; materialize its issue first")
        return opened

    @cached_property
    def opened_at(self) -> datetime:
        """When the delivery was first opened: the date of every commit it makes, so that equal ones are equal."""
        return datetime.fromisoformat(self.record.entries()[0].at).replace(microsecond=0)

    @cached_property
    def policy(self) -> Policy:
        """The policy pinned when this revision was opened, joined with the operator's word on gates."""
        return JoinedPolicy.model_validate_json(self.record.evidence.get(self.opened.policy))

    @property
    def request(self) -> Request | None:
        """What the operator handed in; None for a delivery that an inbox issue began."""
        data = self.record.folder.read("request.json")
        return None if data is None else Request.model_validate_json(data)

    def hand_in(self, request: Request) -> None:
        """Keep what the operator handed in, for the `issue` asset to read."""
        self.record.folder.write("request.json", readable_json(request))

    def gates(self, stage: StageId) -> tuple[Gate, ...]:
        """The gates whose results make up the verdict of a stage; not the one on its sign-off, which signs it."""
        return tuple(gate for gate in catalogue().of_stage(stage) if not gate.is_on_signing)

    def signatures(self, stage: StageId) -> int:
        """How many people must sign the verdict of a stage."""
        needed: dict[StageId, int] = {
            "design": self.policy.signoff.design,
            "review": self.policy.signoff.review,
        }
        return needed.get(stage, 0)

    def border(self, stage: StageId, subject: str, *, signed: bool = True) -> Open | Shut:
        """Whether `stage` may be left behind for this subject; `signed=False` leaves its sign-off out."""
        return border(
            self.record.entries(),
            stage,
            subject,
            gates=[gate.id for gate in self.gates(stage)],
            signatures=self.signatures(stage) if signed else 0,
            author=self.opened.author.identity,
        )

    def standing(self) -> Standing:
        return self.record.standing()

    def signers(self, commit: str) -> Signers:
        """Who may sign: those in the target's file at `commit`, and in the operator's file where there is one."""
        path = self.policy.signoff.allowed_signers
        files: list[tuple[str, bytes]] = [(f"{path} at {commit[:12]}", self.tree(commit).read(path) or b"")]
        if self.target.allowed_signers:
            operator = self.home.path.joinpath(self.target.allowed_signers).expanduser()
            files.append((str(operator), operator.read_bytes() if operator.is_file() else b""))
        return Signers(tuple(files))

    def waivers(self, base: str, today: date) -> Waivers:
        """The waivers that the commit `base` holds, signed by those who may sign there; `today` is a date in UTC."""
        return waivers_in(self.tree(base), self.signers(base), self.policy.target, today)


@dataclass(frozen=True)
class Desk:
    """Where an operator's deliveries lie: opens any of them by its id."""

    home: Home

    @cached_property
    def evidence(self) -> EvidenceStore:
        return EvidenceStore.at(self.home.settings().evidence or str(self.home.path / "evidence"))

    def record(self, delivery: DeliveryId) -> DeliveryRecord:
        """The record of a delivery, which need not exist yet."""
        folder = Folder.at(str(self.home.path / "deliveries")).below(delivery.target, delivery.partition_key)
        return DeliveryRecord(delivery, folder, self.evidence)

    def delivery(self, delivery: DeliveryId) -> Delivery:
        """The delivery with an up-to-date mirror of its target; raises `SettingsError` or `GitFault`."""
        target = self.home.target(delivery.target)
        return Delivery(delivery, target, self.home, self.record(delivery), self.mirror(target))

    def mirror(self, target: Target) -> Mirror:
        """The up-to-date mirror of a target; from now on what is read from source is kept for it."""
        keep_readings_in(self.home.readings, f"mirror of {target.name}")
        return Mirror.open(self.home.path, target.name, target.repository)

    def known(self, target: str) -> tuple[DeliveryId, ...]:
        """Every delivery of a target that was ever opened, in the order of their partition keys."""
        names = Folder.at(str(self.home.path / "deliveries")).below(target).names()
        return tuple(DeliveryId.of_partition(target, name) for name in names)


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest commit of a target's default branch, the policy that it holds or that was detected in it, and the
    digest of the allowed-signers file that the policy names.
    """

    commit: str
    policy: Policy
    signers: str | None


def tip_of(mirror: Mirror, target: Target) -> Tip:
    """Where the default branch is now, and the policy there, joined with the operator's word on gates.

    The policy is read from `main`, `master` or the branch that the source's HEAD names, and may name
    another default branch, whose own policy then counts. Raises `PolicyError` or `GitFault`.
    """
    branch = mirror.head_branch()
    commit = mirror.tip(branch)
    tree = mirror.tree(commit)
    policy = _policy_in(tree, target, branch)
    if policy.default_branch != branch:
        commit = mirror.tip(policy.default_branch)
        tree = mirror.tree(commit)
        policy = _policy_in(tree, target, policy.default_branch)
    signers = tree.read(policy.signoff.allowed_signers)
    return Tip(
        commit,
        JoinedPolicy(**dict(policy), operator=target.gates),
        None if signers is None else digest_bytes(signers),
    )


def needs_new_pins(standing: Standing, opened: Opened, tip: Tip) -> bool:
    """Whether policy or signers changed while a delivery is still being planned: later, those of the plan hold."""
    is_planning = standing.stage in ("discovery", "design")
    return is_planning and (opened.policy, opened.signers) != (digest(tip.policy), tip.signers)


def _policy_in(tree: GitTree, target: Target, branch: str) -> Policy:
    text = tree.read(POLICY_FILE)
    if text is None:
        from meta_pipeline.schedulers.defaults import detected_policy

        return detected_policy(tree, target.name, branch)
    policy = read_policy(text.decode("utf-8", "replace"))
    require_gates_of_policy(policy, tree)
    return policy
