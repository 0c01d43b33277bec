"""The target's own environment: built once by uv from the requirement files of a commit, then shared."""

import json
import os
import shutil
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.delivery.model import chunk_id, digest, digest_bytes
from meta_pipeline.delivery.tree import Tree
from meta_pipeline.policy import EnvironmentPolicy
from meta_pipeline.workspace.installer import UNWALLED, Interpreter, find_interpreter, run_uv
from meta_pipeline.workspace.process import Ran, run
from meta_pipeline.workspace.requirement_files import RequirementFault, RequirementFiles, requirement_files
from meta_pipeline.workspace.sandbox import Sandbox, interpreter_folders

_READY = ".ready"


@dataclass(frozen=True)
class Built:
    """An environment that is ready. `python` is its interpreter; `packages` are names and versions, by name."""

    path: Path
    python: Path
    digest: str
    packages: tuple[tuple[str, str], ...]

    @property
    def programs(self) -> Path:
        """The folder to put first on a command's PATH."""
        return self.path / "bin"

    @property
    def folders(self) -> tuple[Path, ...]:
        """What a sandbox must show, read-only, for the environment to work."""
        return (self.path, *interpreter_folders(self.python))


@dataclass(frozen=True)
class CannotBuild:
    """No environment; `reason` is one sentence with the mend, `log` what uv said."""

    reason: str
    log: str = ""


def build_environment(
    root: Path, tree: Tree, policy: EnvironmentPolicy, sandbox: Sandbox
) -> Built | CannotBuild:
    """The environment of `policy` at `tree`, below the state folder `root`; taken from there if it was built before.

    Two that want the same one build it once. Wheels are preferred, as their installation runs no code;
    where they do not suffice, source distributions are built in `sandbox`, with the network open.
    """
    from filelock import FileLock

    wanted = _wanted(root, tree, policy)
    if isinstance(wanted, CannotBuild):
        return wanted
    with FileLock(wanted.path.with_suffix(".lock")):
        if not _is_ready(wanted.path):
            failure = _build(wanted.path, wanted.files, wanted.interpreter, policy, sandbox)
            if failure is not None:
                shutil.rmtree(wanted.path, ignore_errors=True)
                return failure
    return _built(wanted)


def built_environment(root: Path, tree: Tree, policy: EnvironmentPolicy) -> Built | None:
    """The same environment where it was built before; None where it was not."""
    wanted = _wanted(root, tree, policy)
    return None if isinstance(wanted, CannotBuild) or not _is_ready(wanted.path) else _built(wanted)


@dataclass(frozen=True)
class _Wanted:
    """An environment that is asked for: what it is made of, and where it is or will be."""

    files: RequirementFiles
    interpreter: Interpreter
    digest: str
    path: Path


def _wanted(root: Path, tree: Tree, policy: EnvironmentPolicy) -> _Wanted | CannotBuild:
    try:
        files = requirement_files(tree, policy.requirements)
    except RequirementFault as fault:
        return CannotBuild(f"the environment cannot be built: {fault}")
    # Scripts in an environment hold its path: where the folder is a link, the path it leads to lasts longer.
    home = (root / "environments").resolve()
    home.mkdir(parents=True, exist_ok=True)
    interpreter = find_interpreter(home, policy.python)
    if interpreter is None:
        return CannotBuild(
            f"the environment cannot be built: there is no Python {policy.python} on this machine; "
            f"install it, as with 'uv python install {policy.python}'."
        )
    full_digest = _digest(files, interpreter, policy)
    return _Wanted(files, interpreter, full_digest, home / chunk_id(full_digest))


def _built(wanted: _Wanted) -> Built:
    packages = json.loads((wanted.path / _READY).read_bytes())
    return Built(
        wanted.path,
        wanted.path / "bin" / "python",
        wanted.digest,
        tuple((name, version) for name, version in packages),
    )


def tool_versions(built: Built, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Name and version of those of `names` (as PyPI writes them) that the environment holds."""
    return tuple((name, version) for name, version in built.packages if name in names)


def _build(
    path: Path,
    files: RequirementFiles,
    interpreter: Interpreter,
    policy: EnvironmentPolicy,
    sandbox: Sandbox,
) -> CannotBuild | None:
    shutil.rmtree(path, ignore_errors=True)
    # Beside the environment, not in it: a target may name its file `bin/requirements.txt`.
    given = path.with_suffix(".requirements")
    shutil.rmtree(given, ignore_errors=True)
    given.mkdir()
    try:
        for name, data in files.contents.items():
            file = given / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        made = run_uv(("venv", "--no-project", "--python", str(interpreter.path), str(path)), given, UNWALLED)
        if made.exit != 0:
            return _cannot(made, "uv made no environment")
        if files.roots:
            installed = _install(path, given, files, interpreter, policy, sandbox)
            if installed.exit != 0:
                return _cannot(installed, f"uv could not install {', '.join(files.roots)}")
            _compile(path, interpreter, given, sandbox)
        # Even to be asked, the interpreter runs the `.pth` files of the packages, which are code.
        walls = sandbox.opened(read_only=(path, *interpreter_folders(path / "bin/python")))
        listed = run_uv(
            ("pip", "list", "--format", "json", "--python", str(path / "bin/python")), given, walls
        )
        if listed.exit != 0:
            return _cannot(listed, "uv could not list the packages")
    finally:
        shutil.rmtree(given, ignore_errors=True)
    packages = sorted((package["name"], package["version"]) for package in json.loads(listed.stdout))
    # Written last and moved in one step: an environment without it is half-built.
    unfinished = path / f"{_READY}.new"
    unfinished.write_text(json.dumps(packages), encoding="utf-8")
    unfinished.rename(path / _READY)
    return None


def _compile(path: Path, interpreter: Interpreter, given: Path, sandbox: Sandbox) -> None:
    """Write the byte code, which a command that sees the environment read-only would else make anew each time.

    The interpreter runs without `site`, so no package takes part; a file that is no valid Python stays as it is.
    It sees nothing else: a package that was built from source may have put links to the operator's files.
    """
    options = ("-I", "-S", "-m", "compileall", "-q", "-q", "-j", "0")
    command = Command(
        name="compile the packages",
        argv=(str(interpreter.path), *options, str(path / "lib")),
        shown_as="python -m compileall",
    )
    walls = sandbox.opened(
        read_only=(*interpreter_folders(path / "bin/python"), interpreter.path.parent.parent),
        writable=(path,),
    )
    run(command, cwd=given, path=os.defpath, variables={}, sandbox=walls)


def _install(
    path: Path,
    given: Path,
    files: RequirementFiles,
    interpreter: Interpreter,
    policy: EnvironmentPolicy,
    sandbox: Sandbox,
) -> Ran:
    arguments = (
        "pip",
        "install",
        "--python",
        str(path / "bin/python"),
        *(part for name in files.roots for part in ("-r", name)),
        *(("--require-hashes",) if files.are_hashed else ()),
        *(("--exclude-newer", policy.resolve_as_of) if policy.resolve_as_of else ()),
    )
    from_wheels = run_uv((*arguments, "--only-binary", ":all:"), given, UNWALLED)
    if from_wheels.exit == 0:
        return from_wheels
    walls = sandbox.opened(
        read_only=(*interpreter_folders(path / "bin/python"), interpreter.path.parent.parent),
        writable=(path,),
        network=True,
    )
    return run_uv(arguments, given, walls)


def _digest(files: RequirementFiles, interpreter: Interpreter, policy: EnvironmentPolicy) -> str:
    contents: Mapping[str, str] = {path: digest_bytes(data) for path, data in files.contents.items()}
    return digest(
        {
            "requirements": list(files.roots),
            "contents": contents,
            "python": interpreter.version,
            "resolve_as_of": policy.resolve_as_of,
            "platform": sysconfig.get_platform(),
        }
    )


def _is_ready(path: Path) -> bool:
    """Whether it was built to the end and its interpreter, which lies elsewhere, is still there."""
    return (path / _READY).is_file() and (path / "bin" / "python").exists()


def _cannot(ran: Ran, what: str) -> CannotBuild:
    log = ran.stderr.decode(errors="replace")
    lines = [line.strip(" ×╰─▶│├") for line in log.splitlines() if line.strip()]
    first = next((number for number, line in enumerate(lines) if line.startswith("error:")), 0)
    why = f"it reached its limit of {ran.ended_by}" if ran.ended_by else " ".join(lines[first:])
    return CannotBuild(f"the environment cannot be built: {what}: {why.removeprefix('error: ')[:400]}", log)
