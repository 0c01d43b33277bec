import json
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from meta_pipeline.lab.answers import Answer, Pointed
from meta_pipeline.lab.bases import bases_of
from meta_pipeline.lab.cases import Draw, drawn
from meta_pipeline.lab.mutation import Place
from meta_pipeline.lab.running import Pair, Runner, kept_answers
from meta_pipeline.lab.scoring import Rate, scored
from meta_pipeline.lab.seeded import SeededCase, seeded
from meta_pipeline.lab.stack import Stack, StackError, read_stack
from meta_pipeline.lab.stores import CaseStore, File, checked_out, write_example
from meta_pipeline.workspace.git import Git, GitFault
from tests.lab.samples import DAG, CommentAdded, LineGone, TableDropped

# What an outside group may hand in: a script that reads the diff with git and prints SARIF.
SCRIPT = """
import json, re, subprocess, sys
repo, base, head = sys.argv[1:4]
diff = subprocess.run(["git", "-C", repo, "diff", "-U0", base, head], capture_output=True, text=True, check=True).stdout
results, path = [], None
for line in diff.splitlines():
    if line.startswith("--- a/"):
        path = line[6:]
    if gone := re.match(r"@@ -(\\d+)", line):
        at = int(gone[1])
    if line.startswith("-") and not line.startswith("---"):
        place = {"artifactLocation": {"uri": path}, "region": {"startLine": at}}
        results.append({"ruleId": "no-line-goes", "message": {"text": "a line is gone"}, "level": "error",
                        "locations": [{"physicalLocation": place}]})
note = {"message": {"text": "only lines were looked at"}}
run = {"tool": {"driver": {"name": "lines"}}, "results": results,
       "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [note]}]}
print(json.dumps({"version": "2.1.0", "runs": [run]}))
sys.exit(7 if results else 0)
"""


@pytest.fixture
def store(tmp_path: Path) -> CaseStore:
    files = {f"dags/d{n}.py": File("100644", DAG.replace("'d'", f"'d{n}'").encode()) for n in range(4)}
    return CaseStore.made(tmp_path / "small.git", "small", files)


@pytest.fixture
def cases(store: CaseStore) -> tuple[SeededCase, ...]:
    bases = list(bases_of("small", store.tree(), "small", None))
    return seeded(drawn(bases, [CommentAdded(), LineGone()], Draw(0, 3)), {"small": store})


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    script = tmp_path / "lines.py"
    script.write_text(textwrap.dedent(SCRIPT))
    file = tmp_path / "lines.yaml"
    command = ["{python}", str(script), "{repo}", "{base}", "{head}"]
    file.write_text(json.dumps({"name": "lines", "title": "Lines", "command": command, "stops": [7]}))
    return read_stack(str(file))


def pairs(store: CaseStore, cases: tuple[SeededCase, ...]) -> list[Pair]:
    return [Pair(case.id, store.folder, case.base, case.head) for case in cases]


def test_a_stack_of_others_is_run_and_scored_from_its_sarif(
    tmp_path: Path, store: CaseStore, cases: tuple[SeededCase, ...], stack: Stack
) -> None:
    runner = Runner(stack, tmp_path / "work", tmp_path)
    told: list[Answer] = []
    runner.ask(pairs(store, cases), 2, told.append)
    scores = scored("lines", cases, runner.known())
    assert len(told) == len(cases) == 6
    assert scores.whole.caught == scores.whole.located == Rate(3, 3)
    assert scores.whole.alarms == Rate(0, 3)
    assert scores.whole.notes == {"only lines were looked at": 6}
    assert scores.by_gate["no-line-goes"].alone == 3


def test_what_was_answered_is_not_asked_again_until_the_stack_changes(
    tmp_path: Path, store: CaseStore, cases: tuple[SeededCase, ...], stack: Stack
) -> None:
    runner = Runner(stack, tmp_path / "work", tmp_path)
    runner.ask(pairs(store, cases[:2]), 1, lambda _: None)
    told: list[Answer] = []
    runner.ask(pairs(store, cases), 1, told.append)
    assert {answer.case for answer in told} == {case.id for case in cases[2:]}
    # A kill in the middle of a line costs that line alone.
    runner.file.write_text(runner.file.read_text()[:-20])
    assert len(runner.known()) == len(cases) - 1
    runner.ask(pairs(store, cases[:1]), 1, told.append, again=True)
    assert told[-1].case == cases[0].id
    changed = stack.model_copy(update={"stops": (7, 8)})
    assert Runner(changed, tmp_path / "work", tmp_path).known() == {}


@pytest.mark.parametrize(
    "command, why",
    [
        (("{python}", "-c", "import sys; sys.exit(5)", "{repo}{base}{head}"), "exit 5"),
        (("{python}", "-c", "import time; time.sleep(60)", "{repo}{base}{head}"), "limit of time"),
        (("{python}", "-c", "print('all is well')", "{repo}{base}{head}"), "no SARIF"),
        (("no-such-tool", "{repo}{base}{head}"), "limit of missing"),
    ],
)
def test_a_stack_that_breaks_misses_the_fault_and_stops_the_twin(
    tmp_path: Path, store: CaseStore, cases: tuple[SeededCase, ...], command: tuple[str, ...], why: str
) -> None:
    broken = Stack(name="broken", title="Broken", command=command, seconds=1)
    runner = Runner(broken, tmp_path / "work", tmp_path)
    chosen = tuple(next(case for case in cases if case.is_harmful == kind) for kind in (True, False))
    runner.ask(pairs(store, chosen), 1, lambda _: None)
    answers = runner.known()
    scores = scored("broken", chosen, answers)
    assert (scores.whole.caught, scores.whole.alarms, scores.whole.broke) == (Rate(0, 1), Rate(1, 1), 2)
    said = {f"exit {answer.exit}; {answer.said}" for answer in answers.values()}
    assert all(why in each for each in said)


def test_what_a_stack_cannot_judge_is_neither_caught_nor_an_alarm(
    tmp_path: Path, store: CaseStore, cases: tuple[SeededCase, ...]
) -> None:
    command = ("{python}", "-c", "raise SystemExit(4)", "{repo}{base}{head}")
    unable = Stack(name="unable", title="Unable", command=command, unable=(4,), output="none")
    runner = Runner(unable, tmp_path / "work", tmp_path)
    runner.ask(pairs(store, cases), 1, lambda _: None)
    scores = scored("unable", cases, runner.known())
    assert (scores.whole.caught, scores.whole.alarms) == (Rate(0, 0), Rate(0, 0))
    assert {each.case.id for each in scores.unable} == {case.id for case in cases}


def test_a_stack_that_needs_a_checkout_gets_one_of_head(
    tmp_path: Path, store: CaseStore, cases: tuple[SeededCase, ...]
) -> None:
    fault = next(case for case in cases if case.is_harmful)
    script = f"import pathlib, sys; print(pathlib.Path(sys.argv[1], {fault.path!r}).read_text())"
    stack = Stack(
        name="reads",
        title="Reads",
        command=("{python}", "-c", script + "; sys.exit(9)", "{repo}", "{base}", "{head}"),
        needs_checkout=True,
        output="none",
    )
    answer = Runner(stack, tmp_path / "work", tmp_path).answer(pairs(store, (fault,))[0])
    assert (answer.exit, answer.outcome) == (9, "broke")
    with checked_out(store.folder, fault.head) as checkout:
        assert (checkout / fault.path).read_text() != DAG
    assert not checkout.exists()


def test_our_own_check_is_a_stack_like_any_other(tmp_path: Path) -> None:
    files = {"dags/d.py": File("100644", b"import sqlite3\n" + DAG.encode())}
    store = CaseStore.made(tmp_path / "shop.git", "shop", files)
    bases = list(bases_of("shop", store.tree(), "shop", None))
    cases = seeded(drawn(bases, [CommentAdded(), TableDropped()], Draw(0, 1)), {"shop": store})
    runner = Runner(read_stack("meta-pipeline"), tmp_path / "work", tmp_path)
    runner.ask(pairs(store, cases), 1, lambda _: None)
    score = scored("ours", cases, runner.known()).whole
    assert (score.caught, score.located, score.alarms) == (Rate(1, 1), Rate(1, 1), Rate(0, 1))


def test_a_commit_of_a_case_says_nothing_of_what_was_done(
    store: CaseStore, cases: tuple[SeededCase, ...]
) -> None:
    git = Git(store.folder, options=("--git-dir=.",))
    said = {git.run("log", "-1", "--format=%an %ae %cI %s", case.head).text for case in cases}
    assert len(said) == 1
    refs = git.run("for-each-ref", "--format=%(refname)").text
    assert "comment" not in refs
    assert "gone" not in refs


def test_a_repository_of_one_change_can_be_looked_at(
    tmp_path: Path, store: CaseStore, cases: tuple[SeededCase, ...]
) -> None:
    out = tmp_path / "out"
    write_example(store, cases[0].head, out)
    git = Git(out)
    assert git.run("diff", "--name-only", "main", "change").text == cases[0].path
    assert git.run("status", "--porcelain").text == ""


def test_a_path_that_leads_out_of_the_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GitFault, match="inside the repository"):
        CaseStore.made(tmp_path / "bad.git", "bad", {"../outside": File("100644", b"")})


@pytest.mark.parametrize(
    "text, why",
    [
        ({"name": "a", "title": "A", "command": ["x", "{repo}", "{base}"]}, "lacks {head}"),
        ({"name": "A b", "title": "A", "command": ["{repo}{base}{head}"]}, "name"),
        ({"name": "a", "title": "A", "command": ["{repo}{base}{head}"], "stop": [1]}, "stop"),
    ],
)
def test_a_stack_that_is_not_one_is_refused_with_its_place(
    tmp_path: Path, text: Mapping[str, object], why: str
) -> None:
    file = tmp_path / "stack.yaml"
    file.write_text(json.dumps(text))
    with pytest.raises(StackError, match=r"stack\.yaml") as caught:
        read_stack(str(file))
    assert why in str(caught.value)


def test_a_finding_is_right_on_a_line_of_the_place_and_nowhere_else() -> None:
    place = Place("dags/a.py", 3, 5)
    right = [Pointed(gate="G", path="dags/a.py", line=line) for line in (3, 5)]
    wrong = [
        Pointed(gate="G", path="dags/a.py", line=2),
        Pointed(gate="G", path="dags/a.py", line=None),
        Pointed(gate="G", path="a.py", line=4),
    ]
    assert all(finding.names(place) for finding in right)
    assert not any(finding.names(place) for finding in wrong)


def test_the_wilson_interval_of_none_and_of_all_is_not_a_point() -> None:
    # Wilson, 1927; 10 of 10 gives 0.722 to 1 in the usual tables.
    low, high = Rate(10, 10).interval
    assert round(low, 3) == 0.722
    assert high == 1
    assert tuple(round(value, 3) for value in Rate(0, 10).interval) == (0, 0.278)
    assert Rate(0, 0).value is None


def test_answers_are_read_back_as_they_were_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    answer = Answer(case="c", stack="s", outcome="passed", exit=0, seconds=0.5)
    file.write_text(answer.model_dump_json() + "\n")
    assert list(kept_answers(file)) == [answer]
    assert list(kept_answers(tmp_path / "none.jsonl")) == []
