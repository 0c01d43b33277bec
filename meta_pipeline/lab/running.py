"""Runs a stack on cases, several at a time; what was answered before is not asked again."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.lab.answers import Answer, Pointed, UnreadableOutputError, read_output
from meta_pipeline.lab.stack import Stack
from meta_pipeline.lab.stores import checked_out
from meta_pipeline.workspace.process import Ran, run
from meta_pipeline.workspace.sandbox import Sandbox
from meta_pipeline.workspace.scratch import scratch_folder

# A stack is the operator's own tool, as in his CI; of the target it runs what it chooses to run.
_UNWALLED = Sandbox("none", "a stack of gates is the operator's own tool")
_MOST_SAID = 2000
_KEPT_VARIABLES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PYENV_ROOT",
    "UV_PYTHON_INSTALL_DIR",
)


@dataclass(frozen=True)
class Pair:
    """The two commits of one case in a bare repository."""

    case: str
    folder: Path
    base: str
    head: str


@dataclass(frozen=True)
class Runner:
    """Runs one stack. Answers are kept below `work`, one file of JSON lines a stack; `home` is the product's own."""

    stack: Stack
    work: Path
    home: Path

    @property
    def file(self) -> Path:
        return self.work / "answers" / f"{self.stack.name}.jsonl"

    def known(self) -> dict[str, Answer]:
        """The answers so far of this very stack, by case; a line that was cut short by a kill is left out."""
        return {
            answer.case: answer for answer in kept_answers(self.file) if answer.stack == self.stack.digest
        }

    def ask(
        self, pairs: Sequence[Pair], jobs: int, note: Callable[[Answer], None], *, again: bool = False
    ) -> None:
        """Ask for each pair that has no answer yet, or for all `again`.

        Each answer is kept at once; of several to one case the last counts.
        """
        known = {} if again else self.known()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with (
            self.file.open("a", encoding="utf-8") as kept,
            ThreadPoolExecutor(jobs, thread_name_prefix="case") as pool,
        ):
            asked = [pool.submit(self.answer, pair) for pair in pairs if pair.case not in known]
            try:
                for done in as_completed(asked):
                    answer = done.result()
                    # The line before it may have been cut short, without an end.
                    kept.write(f"\n{answer.model_dump_json()}\n")
                    kept.flush()
                    note(answer)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def answer(self, pair: Pair) -> Answer:
        """What the stack says of one pair."""
        with self._repository(pair) as repository, scratch_folder() as here:
            ran = self._run(pair, repository, here)
        outcome: str = "broke"
        said = _end(ran.stderr)
        if ran.ended_by is not None:
            said = f"it was ended by its limit of {ran.ended_by}; {said}"
        elif ran.exit in self.stack.passes:
            outcome = "passed"
        elif ran.exit in self.stack.stops:
            outcome = "stopped"
        elif ran.exit in self.stack.unable:
            outcome = "unable"
        findings: tuple[Pointed, ...] = ()
        notes: tuple[str, ...] = ()
        if outcome != "broke":
            try:
                findings, notes = read_output(ran.stdout, self.stack.output)
            except UnreadableOutputError as error:
                outcome, said = "broke", f"{error}; {said}"
        if outcome not in ("stopped", "unable"):
            findings = ()
        return Answer.model_validate(
            {
                "case": pair.case,
                "stack": self.stack.digest,
                "outcome": outcome,
                "exit": ran.exit,
                "seconds": ran.seconds,
                "gates": tuple(dict.fromkeys(finding.gate for finding in findings)),
                "findings": findings,
                "notes": notes,
                "said": said if outcome == "broke" else "",
            }
        )

    def command(self, pair: Pair, repository: Path) -> tuple[str, ...]:
        """The stack's command for a pair of commits in a repository."""
        return tuple(_filled(part, self._filling(pair, repository)) for part in self.stack.command)

    def _filling(self, pair: Pair, repository: Path) -> dict[str, str]:
        return {
            "{repo}": str(repository),
            "{base}": pair.base,
            "{head}": pair.head,
            "{state}": str(self.work / "state" / self.stack.name),
            "{home}": str(self.home),
            "{python}": sys.executable,
        }

    def _run(self, pair: Pair, repository: Path, here: Path) -> Ran:
        (self.work / "state" / self.stack.name).mkdir(parents=True, exist_ok=True)
        filling = self._filling(pair, repository)
        command = Command(
            name=f"judge {pair.case}",
            argv=self.command(pair, repository),
            shown_as=self.stack.name,
            seconds=self.stack.seconds,
            variables=tuple((name, _filled(value, filling)) for name, value in self.stack.variables.items()),
        )
        # What is installed beside the laboratory, as its own commands are, is found first.
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        return run(command, cwd=here, path=path, variables=_inherited(), sandbox=_UNWALLED)

    @contextmanager
    def _repository(self, pair: Pair) -> Iterator[Path]:
        if not self.stack.needs_checkout:
            yield pair.folder
            return
        with checked_out(pair.folder, pair.head) as checkout:
            yield checkout


def _inherited() -> dict[str, str]:
    """What a stack keeps of the operator's environment; pyenv too, which is found by the home that it has not."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    pyenv = Path.home() / ".pyenv"
    return {"PYENV_ROOT": str(pyenv), **kept} if pyenv.is_dir() else kept


def kept_answers(file: Path) -> Iterator[Answer]:
    """The answers in a file of JSON lines, in the order in which they came; a line that a kill cut short is none."""
    if not file.is_file():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        with suppress(ValidationError):
            yield Answer.model_validate_json(line)


def _filled(text: str, filling: dict[str, str]) -> str:
    for place, value in filling.items():
        text = text.replace(place, value)
    return text


def _end(output: bytes) -> str:
    return output.decode("utf-8", errors="replace").strip()[-_MOST_SAID:]
