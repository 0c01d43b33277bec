"""Waivers: which of them count, and what they do to a gate's findings."""

import subprocess
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from meta_pipeline.delivery.judgement import GateResult, Verdict, verdict_of
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.delivery.waiver import WAIVERS, Granted, Waiver, Waivers
from meta_pipeline.evidence.signing import Signers, sign
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import judge
from meta_pipeline.gates.waiving import read_waiver, waivers_in
from meta_pipeline.policy import Policy
from tests.gates.test_ruling import Finds, Signs, rules

TODAY = date(2026, 1, 5)
FILE = f"{WAIVERS}/late.yaml"
LEAD, OTHER = "lead@example.com", "other@example.com"


def waiver(**fields: object) -> Waiver:
    given: dict[str, object] = {
        "target": "sales",
        "gate": "CHG005",
        "path": "dags/new.py",
        "until": TODAY,
        "why": "the warehouse moves this week",
    }
    return Waiver.model_validate(given | fields)


def granted(**fields: object) -> Waivers:
    return granted_by(LEAD, **fields)


def granted_by(who: str, **fields: object) -> Waivers:
    return Waivers(granted=(Granted(waiver(**fields), who, FILE),))


def judged(waivers: Waivers, policy: Policy | None = None, authors: tuple[str, ...] = ()) -> GateResult:
    return judge(Finds(), Case(policy or Policy(), waivers=waivers, authors=authors))


def waived(result: GateResult) -> list[str]:
    return [finding.message for finding in result.findings if finding.waived is not None]


# What a waiver does


def test_a_waived_finding_stays_and_counts_for_nothing() -> None:
    result = judged(granted())

    assert result.outcome == "needs_approval"
    assert [finding.message for finding in result.findings] == ["the first", "the third", "the second"]
    assert waived(result) == ["the second"]
    last = result.findings[-1]
    assert last.outcome == "failed"
    assert last.waived is not None
    assert (last.waived.by, last.waived.until, last.waived.file) == (LEAD, "2026-01-05", FILE)
    assert f"1 waived by {LEAD} until 2026-01-05" in result.reason


def test_a_gate_whose_findings_are_all_waived_passes_and_says_so() -> None:
    result = judged(granted(path=None, message="the "))

    assert result.outcome == "passed"
    assert len(waived(result)) == 3
    assert result.reason.startswith("all that was found is waived; 3 waived by lead@example.com")


@pytest.mark.parametrize(
    "fields,expected",
    [
        ({"path": "dags"}, ["the first", "the second"]),
        ({"path": "dags/*.py"}, ["the second"]),
        ({"path": "new.py"}, []),  # a path is from the root
        ({"path": None, "pipeline": "backfill_*"}, ["the third"]),
        ({"path": None, "pipeline": "sales"}, []),
        ({"path": "dags", "message": "first"}, ["the first"]),
        ({"path": "dags", "pipeline": "backfill_*"}, []),
        ({"gate": "CHG006"}, []),
    ],
)
def test_all_that_a_waiver_names_must_fit(fields: dict[str, object], expected: list[str]) -> None:
    assert sorted(waived(judged(granted(**fields)))) == expected


def test_who_wrote_the_change_cannot_have_waived_it() -> None:
    result = judged(granted(), authors=("Team <team@example.com>", f"The Lead <{LEAD.upper()}>"))

    assert result.outcome == "failed"
    assert not waived(result)
    assert f"{FILE} does not count here, as {LEAD} wrote this change" in result.reason


def test_a_waiver_holds_for_what_the_policy_makes_of_a_finding_too() -> None:
    assert judged(granted(path=None, message="the "), rules("failed")).outcome == "passed"


def test_a_gate_that_nobody_can_make_milder_is_not_waived() -> None:
    result = judge(Signs(), Case(Policy(), waivers=granted()))

    assert (result.outcome, waived(result)) == ("failed", [])


def test_a_verdict_covers_what_was_waived_and_asks_nobody_to_approve_it() -> None:
    def verdict(result: GateResult) -> Verdict:
        return verdict_of("implementation", "sha256:1", [result])

    plain, excepted = judged(Waivers()), judged(granted(path=None, message="the "))
    other = judged(granted_by(OTHER, path=None, message="the "))

    assert len({verdict(result).digest for result in (plain, excepted, other)}) == 3
    assert verdict(excepted).to_approve == ()
    assert [finding.message for _, finding in verdict(excepted).waived] == [
        "the second",
        "the first",
        "the third",
    ]
    assert [finding.message for _, finding in verdict(judged(granted())).to_approve] == ["the first"]


# Which waivers count


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the keys `lead` and `stranger`."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("lead", "stranger"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(argv, check=True)
    return folder


def signers(keys: Path) -> Signers:
    return Signers((("signers", f"{LEAD} {(keys / 'lead.pub').read_text()}".encode()),))


def tree_of(signed: Waiver, key: Path | None, written: Waiver | None = None) -> MemoryTree:
    """A tree with a waiver and its signature; `written` is what the file says in place of what was signed."""
    text = StringIO()
    YAML().dump((written or signed).model_dump(exclude_none=True), text)
    files: dict[str, str | bytes] = {FILE: text.getvalue()}
    if key is not None:
        files[f"{FILE}.sig"] = sign(signed.statement, key)
    return MemoryTree.of(files)


def why_refused(tree: MemoryTree, keys: Path, target: str = "sales", today: date = TODAY) -> str:
    found = waivers_in(tree, signers(keys), target, today)
    assert not found.granted
    (refused,) = found.refused
    assert refused.file == FILE
    assert refused.fix
    return refused.why


def test_a_signed_waiver_counts_through_its_last_day(keys: Path) -> None:
    tree = tree_of(waiver(), keys / "lead")

    assert waivers_in(tree, signers(keys), "sales", TODAY) == granted()
    assert "its last day was 2026-01-05" in why_refused(tree, keys, today=date(2026, 1, 6))


def test_a_waiver_that_nobody_or_a_stranger_signed_does_not_count(keys: Path) -> None:
    assert "nobody signed it" in why_refused(tree_of(waiver(), None), keys)
    assert "is not in signers" in why_refused(tree_of(waiver(), keys / "stranger"), keys)


@pytest.mark.parametrize(
    "changed",
    [
        {"until": date(2027, 1, 1)},
        {"path": "dags"},
        {"gate": "CHG006"},
        {"why": "no reason"},
        {"pipeline": "p"},
    ],
)
def test_a_waiver_that_was_changed_after_it_was_signed_does_not_count(
    keys: Path, changed: dict[str, object]
) -> None:
    assert "does not fit" in why_refused(tree_of(waiver(), keys / "lead", waiver(**changed)), keys)


def test_a_waiver_holds_for_one_target(keys: Path) -> None:
    assert "for the target 'sales'" in why_refused(tree_of(waiver(), keys / "lead"), keys, target="stock")


@pytest.mark.parametrize(
    "gate,says",
    [
        ("CHG05", "unknown gate 'CHG05'; write 'CHG005'"),
        ("REV007", "cannot be waived by anybody"),
        ("CHG001", "cannot be waived"),
    ],
)
def test_a_waiver_of_what_cannot_be_waived_does_not_count(keys: Path, gate: str, says: str) -> None:
    assert says in why_refused(tree_of(waiver(gate=gate), keys / "lead"), keys)


@pytest.mark.parametrize(
    "text,says",
    [
        ("", f"{FILE}:1: a waiver is a mapping"),
        ("version: 1\nuntill: 2026-01-01\n", f"{FILE}:2: unknown key 'untill'; write 'until'"),
        ("version: 1\ntarget: sales\ngate: CHG005\nuntil: 2026-01-05\nwhy: x\n", "names no finding"),
        ("version: 1\ntarget: s\ngate: CHG005\nuntil: 2026-01-05\nwhy: ' '\npath: a\n", "gives no reason"),
        (
            "version: 1\ntarget: s\ngate: CHG005\nuntil: soon\nwhy: x\npath: a\n",
            f"{FILE}:4: 'until' is wrong",
        ),
    ],
)
def test_a_file_that_is_no_waiver_is_told_with_its_line(keys: Path, text: str, says: str) -> None:
    assert says in why_refused(MemoryTree.of({FILE: text}), keys)


def test_other_files_beside_the_waivers_are_left_alone(keys: Path) -> None:
    tree = MemoryTree.of({f"{WAIVERS}/README.md": "Ask the leads.", "waivers/late.yaml": "x"})

    assert waivers_in(tree, signers(keys), "sales", TODAY) == Waivers()


def test_a_waiver_is_read_as_it_is_written() -> None:
    text = "version: 1\ntarget: sales\ngate: CHG005\npath: dags/new.py\nuntil: 2026-01-05\nwhy: soon\n"

    assert read_waiver(text, FILE) == waiver(why="soon")
