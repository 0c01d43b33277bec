"""The scheduler's own parse of the repository, and its tests, as CI runs them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import parse

from meta_pipeline.lab.environments import holds
from meta_pipeline.lab.today.checkouts import Side, ToolFault, as_json
from meta_pipeline.lab.today.problem import Problem
from meta_pipeline.policy import Policy
from meta_pipeline.workspace.environment import Built
from meta_pipeline.workspace.process import Ran, split_command

_SECONDS = 300
_HERE = Path(__file__).resolve().parent
_AIRFLOW, _PREFECT = _HERE / "load_airflow.py", _HERE / "load_prefect.py"
_AT = re.compile(r'File "([^"]+)", line (\d+)')
_NAMED = re.compile(r"([\w./-]+\.(?:sql|ya?ml|py))")
_CHANGING = re.compile(r"0x[0-9a-f]+|\b\d+(?:\.\d+)?s?\b|/tmp/\S+")


@dataclass(frozen=True)
class Parsing:
    """The schedulers of a policy, in the environment that its files ask for."""

    policy: Policy
    environment: Built

    @property
    def is_possible(self) -> bool:
        """Whether the environment holds any scheduler; one that is made of no requirements holds none."""
        return any(holds(self.environment, share) for share in self.policy.for_each_scheduler())

    def problems(self, side: Side) -> Iterator[Problem]:
        """What each scheduler that the environment holds complains of."""
        for share in self.policy.for_each_scheduler():
            if share.scheduler is None or not holds(self.environment, share):
                continue
            kind, folders = share.scheduler.kind, share.scheduler.paths or (".",)
            if kind == "airflow":
                yield from self._loaded(side, _AIRFLOW, folders, _airflow_variables(side))
            elif kind == "prefect":
                yield from self._loaded(side, _PREFECT, folders, {"PREFECT_HOME": str(side.scratch)})
            elif kind == "dagster":
                ran = self._run(
                    side, "dagster", "definitions", "validate", variables={"DAGSTER_HOME": str(side.scratch)}
                )
                yield from _of_exit(side, "dagster definitions validate", ran)
            else:
                for folder in folders:
                    where = ("--project-dir", folder, "--profiles-dir", self._profiles(side, folder))
                    target = ("--target-path", str(side.scratch / "target"))
                    ran = self._run(side, "dbt", "parse", *where, *target, variables={})
                    yield from _of_exit(side, "dbt parse", ran)

    def tests(self, side: Side) -> Iterator[Problem]:
        """The repository's own unit tests, where they are pytest's and the environment has it."""
        argv = split_command(self.policy.commands.unit_tests or "none")
        if "pytest" not in argv or not (self.environment.programs / "pytest").is_file():
            return
        report = side.scratch / "report.xml"
        report.unlink(missing_ok=True)
        options = ("-p", "no:cacheprovider", f"--junitxml={report}")
        ran = self._run(side, *argv, *options, variables=_airflow_variables(side))
        if ran.exit in (0, 5):  # 5: there are none
            return
        try:
            cases = parse(report).iter("testcase")
        except (OSError, ParseError) as error:
            raise ToolFault(f"pytest gave no report (exit {ran.exit}): {_said(ran)[-400:]}") from error
        for case in cases:
            if case.find("failure") is not None or case.find("error") is not None:
                name = f"{case.get('classname')}.{case.get('name')}"
                yield Problem("pytest", "failed", None, None, f"{name} failed", name)

    def _loaded(
        self, side: Side, script: Path, folders: tuple[str, ...], variables: dict[str, str]
    ) -> Iterator[Problem]:
        """What a script that loads every pipeline of these folders prints: the error of each file."""
        ran = self._run(side, "python", str(script), *folders, reads=(script,), variables=variables)
        for path, error in as_json(ran, script.stem).items():
            relative = path.removeprefix(f"{side.root}/")
            lines = [int(line) for file, line in _AT.findall(error) if file.endswith(relative)]
            said = error.strip().splitlines()[-1] if error.strip() else "it cannot be loaded"
            yield Problem("parse", script.stem, relative, lines[-1] if lines else None, said, _steady(said))

    def _run(self, side: Side, *argv: str, variables: Mapping[str, str], reads: tuple[Path, ...] = ()) -> Ran:
        own = dict(self.policy.environment.variables)
        if "PYTHONPATH" in own:
            own["PYTHONPATH"] = ":".join(str(side.root / entry) for entry in own["PYTHONPATH"].split(":"))
        given = {"HOME": str(side.scratch), **own, **self.policy.dry_run.variables, **variables}
        ran = side.within(
            self.environment,
            *argv,
            variables=given,
            seconds=_SECONDS,
            reads=reads,
        )
        if ran.ended_by is not None:
            raise ToolFault(f"{argv[0]} was ended by its limit of {ran.ended_by}")
        return ran

    def _profiles(self, side: Side, folder: str) -> str:
        """Where profiles.yml is: with the project, or at the root."""
        named = next((project.profiles for project in self.policy.dbt if project.project == folder), None)
        if named is not None:
            return named
        return folder if (side.root / folder / "profiles.yml").is_file() else "."


def _airflow_variables(side: Side) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(side.scratch / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    }


def _of_exit(side: Side, rule: str, ran: Ran) -> Iterator[Problem]:
    """One complaint of a command that says no more than that it failed; where it names a file, there."""
    if ran.exit == 0:
        return
    said = _said(ran)
    frames = [(file, int(line)) for file, line in _AT.findall(said) if file.startswith(f"{side.root}/")]
    if frames:
        path, line = frames[-1][0].removeprefix(f"{side.root}/"), frames[-1][1]
    else:
        named = [path for path in _NAMED.findall(said) if (side.root / path).is_file()]
        path, line = (named[0] if named else None), None
    last = said.strip().splitlines()[-1] if said.strip() else "it failed"
    yield Problem("parse", rule, path, line, last, "failed")


def _said(ran: Ran) -> str:
    return (ran.stdout + b"\n" + ran.stderr).decode(errors="replace")


def _steady(text: str) -> str:
    """The message without what differs from run to run."""
    return _CHANGING.sub("", text)
