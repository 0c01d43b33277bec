"""CHG021: no new code lets a stranger in."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.pipeline_code import is_apart, newly_found
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.python.query_values import takes_parameter
from meta_pipeline.gates.python.run_inputs import Surroundings, conf_in_shell, surroundings
from meta_pipeline.gates.tools.ruff import ruff_reports
from meta_pipeline.gates.tools.tool import Missing, Reported
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_SHELL, _SQL = frozenset({"S602", "S604", "S605"}), "S608"
_EVALUATES, _UNPACKS = frozenset({"S102", "S307"}), frozenset({"S301", "S302", "S506"})
_TRUST = frozenset({"S323", "S501", "S502", "S503"})
_ONLY_TOLD = frozenset({"S202", "S507"})
_REMOVED = frozenset({"AIR301", "AIR302", "AIR303"})
_SECURITY = tuple(sorted({*_SHELL, _SQL, *_EVALUATES, *_UNPACKS, *_TRUST, *_ONLY_TOLD}))
_WORTH = re.compile(
    rb"shell\s*=|os\.(?:system|popen)|getoutput|commands\.|\beval\b|\bexec\b|pickle|dill|shelve|marshal|yaml\.|verify|ssl"
    rb"|TLS|tarfile|extractall|paramiko|AutoAdd|(?i:\b(?:select|insert|update|delete)\b)"
)
_UNTRUSTING = re.compile(
    r"\bverify_certs\s*=\s*False|\.verify\s*=\s*False|\bssl\.CERT_NONE\b|\bcheck_hostname\s*=\s*False"
    r"|\bssl_verify\s*=\s*False|[\"']verify[\"']\s*:\s*False|\bvalidate_certs\s*=\s*False|\btlsAllowInvalidCertificates=true"
)
_SAFE_LOADS = re.compile(rb"safe_load|SafeLoader")


class InsecureCode(Gate):
    """No new code runs, reads or trusts what a stranger may have made.

    A shell command or a query put together from the input of a run, a pickle that was downloaded, an `eval`, and a
    connection that no longer checks the other side's certificate each open the pipeline, and with it all its
    connections. What ruff's security rules report besides only warns. On Airflow 3, names that it has removed count
    as well.
    """

    id: ClassVar[str] = "CHG021"
    name: ClassVar[str] = "insecure-code"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    default: ClassVar[Strength] = "needs_approval"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = ("insecure-call",)

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        reported = _new_reports(case.change)
        if isinstance(reported, Missing):
            return self.could_not_run(f"{reported.reason}; install it with: {reported.install}")
        found = [
            *(item for file, one in reported for item in _weighed(file, one)),
            *_distrusted(case.change),
            *_conf_in_shell(case.change),
        ]
        return weigh(self, found, "no new code runs or trusts what a stranger may have made")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        run = "import subprocess, pickle, requests, yaml\nfrom airflow import DAG\n"
        return (
            Example(
                "a program is started with a list of arguments",
                _case({}, f"{run}def load(params):\n    subprocess.run(['load', params['table']])\n"),
                "passed",
            ),
            Example(
                "YAML is read safely",
                _case({}, f"{run}tables = yaml.safe_load(open('tables.yml'))\n"),
                "passed",
            ),
            Example(
                "a shell command is put together from the input of the run",
                _case({}, f"{run}def load(params):\n    subprocess.run(f'load {{params[0]}}', shell=True)\n"),
                "needs_approval",
                "input of the run",
            ),
            Example(
                "certificates are not looked at",
                _case({}, f"{run}def load():\n    requests.get('https://api.example.com', verify=False)\n"),
                "needs_approval",
                "certificate",
            ),
            Example(
                "a pickle is downloaded",
                _case({}, f"{run}def load(url):\n    return pickle.loads(requests.get(url).content)\n"),
                "needs_approval",
                "downloaded",
            ),
            Example(
                "a shell command without any input",
                _case({}, f"{run}def load():\n    subprocess.run('load | sort', shell=True)\n"),
                "warned",
            ),
            Example(
                "the shell command was there before",
                _case(
                    {specimens.DAG_FILE: f"{run}subprocess.run(f'x {{a}}', shell=True)\n"},
                    f"{run}\n\nsubprocess.run(f'x {{a}}', shell=True)\n",
                ),
                "passed",
            ),
        )


def _case(before: specimens.Files, code: str) -> Case:
    return Case(Policy(), change=specimens.change(before, {**before, specimens.DAG_FILE: code}))


def _new_reports(change: Change) -> list[tuple[FileChange, Reported]] | Missing:
    """What ruff reports at head and not at base, wherever it stood then."""
    files = {
        file.path: file for file in change.files if file.path.endswith(".py") and not is_apart(file.path)
    }
    is_airflow_3 = _is_on_airflow_3(change)
    rules = (*_SECURITY, *sorted(_REMOVED)) if is_airflow_3 else _SECURITY
    head = {
        path: file.new
        for path, file in files.items()
        if file.new and _is_worth(file.new, is_airflow_3=is_airflow_3)
    }
    if not head:
        return []
    base = {path: file.old for path, file in files.items() if file.old}
    after = ruff_reports(head, rules)
    if isinstance(after, Missing) or not after:
        return after if isinstance(after, Missing) else []
    before = ruff_reports(base, rules) if base else ()
    if isinstance(before, Missing):
        return before
    known: dict[tuple[str, str], int] = defaultdict(int)
    for one in before:
        known[one.code, one.message] += 1
    grouped: dict[tuple[str, str], list[Reported]] = defaultdict(list)
    for one in after:
        grouped[one.code, one.message].append(one)
    added = {path: {line.number for line in files[path].added} for path in head}
    return [
        (files[one.path], one)
        for key, group in grouped.items()
        # Those on added lines are the new ones, where a rule reports more than before.
        for one in sorted(group, key=lambda one: one.line not in added[one.path])[
            : max(0, len(group) - known[key])
        ]
    ]


def _is_worth(text: bytes, *, is_airflow_3: bool) -> bool:
    return _WORTH.search(text) is not None or (is_airflow_3 and b"airflow" in text)


def _is_on_airflow_3(change: Change) -> bool:
    return any(
        topology.scheduler == "airflow" and re.match(r"3(?:\D|$)", topology.version)
        for topology in change.head_topologies
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    strength: Strength
    what: str
    fix: str


def _weighed(file: FileChange, one: Reported) -> Iterator[Weighed]:
    judged = _judged(one, surroundings(_text(file), one.line or 1), file)
    if judged is not None:
        yield weighed(
            judged.strength, f"{judged.what} ({one.code})", judged.fix, path=file.path, line=one.line
        )


def _judged(one: Reported, around: Surroundings, file: FileChange) -> _Judged | None:
    if one.code in _SHELL:
        fix = "start the program with a list of arguments and without a shell"
        if "seems safe" in one.message or not (around.takes_run_input or around.takes_parameter):
            return _Judged("warned", "a command goes through the shell", fix)
        what = "a shell command is put together from the input of the run, which can hold any other command"
        return _Judged("needs_approval", what, fix)
    if one.code == _SQL:
        fix = "pass the values as parameters of the query"
        what = "a query is put together from the input of the run, which can hold any other query"
        is_given = around.takes_run_input or takes_parameter(_text(file), one.line or 1)
        return _Judged("needs_approval", what, fix) if is_given else None
    if one.code in _EVALUATES:
        fix = "read the value with ast.literal_eval or json, or look the function up in a dict"
        if around.takes_run_input or around.takes_parameter or around.downloads:
            return _Judged("needs_approval", "a text from outside is run as Python", fix)
        return _Judged("warned", "a text is run as Python", fix)
    if one.code in _UNPACKS:
        fix = (
            "use yaml.safe_load"
            if one.code == "S506"
            else "exchange the data as Parquet, JSON or another plain format"
        )
        if around.downloads:
            return _Judged("needs_approval", "reading what was downloaded can run any code in it", fix)
        if one.code == "S506" and _is_rarer(_SAFE_LOADS, file):
            return _Judged("needs_approval", "YAML that was read safely can now run any code in it", fix)
        return _Judged("warned", "reading the file can run any code in it", fix)
    if one.code in _TRUST:
        return _Judged(
            "needs_approval",
            "the certificate of the other side is no longer looked at, so that anybody on the way can read and answer",
            "name the certificate authority with verify='ca.pem', or leave the check on",
        )
    if one.code in _REMOVED:
        return _Judged("needs_approval", one.message.rstrip("."), "use what took its place")
    return _Judged("warned", one.message.rstrip("."), "see what the rule of ruff says")


def _text(file: FileChange) -> str:
    return (file.new or b"").decode("utf-8", errors="replace")


def _is_rarer(pattern: re.Pattern[bytes], file: FileChange) -> bool:
    return len(pattern.findall(file.old or b"")) > len(pattern.findall(file.new or b""))


@dataclass(frozen=True, slots=True)
class _Place:
    written: str
    line: int

    @property
    def key(self) -> str:
        return self.written


def _distrusted(change: Change) -> Iterator[Weighed]:
    """Ways to switch certificates off that ruff does not know."""
    for path, found in newly_found(change, (".py",), _untrusting):
        yield weighed(
            "needs_approval",
            f"{found.written} leaves the other side's certificate unlooked at: anybody on the way can answer",
            "name the certificate authority, or leave the check on",
            path=path,
            line=found.line,
        )


def _untrusting(path: str, text: str) -> Sequence[_Place]:
    if is_apart(path) or not _UNTRUSTING.search(text):
        return ()
    return [
        _Place(match.group(), number)
        for number, line in enumerate(text.split("\n"), start=1)
        if not line.lstrip().startswith("#") and (match := _UNTRUSTING.search(line))
    ]


def _conf_in_shell(change: Change) -> Iterator[Weighed]:
    for path, found in newly_found(change, (".py",), _templates):
        yield weighed(
            "warned",
            "the command takes what the run was started with as it is, which can hold any other command",
            "pass it in env, and quote the variable in the command",
            path=path,
            line=found.line,
        )


def _templates(path: str, text: str) -> Sequence[_Place]:
    lines = text.split("\n")
    return (
        []
        if is_apart(path)
        else [_Place(lines[number - 1].strip(), number) for number in conf_in_shell(path, text)]
    )
