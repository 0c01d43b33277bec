"""uv, the installer: how it is started, what it may know of our environment, and which Python it finds."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import uv

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.workspace.process import Ran, run
from meta_pipeline.workspace.sandbox import Sandbox

UNWALLED = Sandbox("none", "no code of a package runs in this step")

# An installer must reach the index that the operator's network allows, through his proxy and trusting his
# certificates; nothing else of our environment is its business.
_KEPT = (
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "all_proxy",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_HTTP_TIMEOUT",
    "UV_INDEX",
    "UV_INDEX_STRATEGY",
    "UV_INDEX_URL",
    "UV_INSECURE_HOST",
    "UV_NATIVE_TLS",
    "UV_OFFLINE",
    "UV_SYSTEM_CERTS",
)
_AS_PIP_NAMES_IT = {
    "PIP_CERT": "SSL_CERT_FILE",
    "PIP_EXTRA_INDEX_URL": "UV_EXTRA_INDEX_URL",
    "PIP_INDEX_URL": "UV_INDEX_URL",
}


@dataclass(frozen=True)
class Interpreter:
    path: Path
    version: str


def run_uv(arguments: tuple[str, ...], given: Path, sandbox: Sandbox) -> Ran:
    """Run uv in the folder of the requirement files, with a cache of its own and no settings of the target."""
    program = Path(uv.find_uv_bin())
    cache = given.parent / ".uv-cache"
    cache.mkdir(exist_ok=True)
    variables = _installer_variables()
    settings = _operators_settings()
    # Not linked: a package file that a command changes must not change in the cache too.
    variables |= {"UV_CACHE_DIR": str(cache), "UV_LINK_MODE": "copy", "UV_PYTHON_DOWNLOADS": "never"}
    variables |= {"UV_CONFIG_FILE": str(settings)} if settings else {"UV_NO_CONFIG": "1"}
    seen = [
        program,
        *(Path(variables[name]) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in variables),
    ]
    command = Command(
        name="build the environment",
        argv=(str(program), "--no-progress", *arguments),
        shown_as=f"uv {' '.join(arguments)}",
        seconds=1800,
    )
    return run(
        command,
        cwd=given,
        path=search_path(),
        variables=variables,
        sandbox=sandbox.opened(
            read_only=[folder for folder in (*seen, *([settings] if settings else [])) if folder.exists()],
            writable=[cache],
        ),
    )


def _installer_variables() -> dict[str, str]:
    as_pip = {ours: os.environ[pips] for pips, ours in _AS_PIP_NAMES_IT.items() if pips in os.environ}
    return as_pip | {name: os.environ[name] for name in _KEPT if name in os.environ}


def _operators_settings() -> Path | None:
    """The operator's own uv settings, which may name his index; never those in the target's repository."""
    named = os.environ.get("UV_CONFIG_FILE")
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    path = Path(named) if named else folder / "uv" / "uv.toml"
    return path.resolve() if path.is_file() else None


def find_interpreter(home: Path, wanted: str) -> Interpreter | None:
    """The interpreter of this version, as uv finds it: its own, pyenv's, the one we run on, or one on PATH."""
    nowhere = home / ".nowhere"
    nowhere.mkdir(exist_ok=True)
    found = run_uv(("python", "find", "--no-project", "--system", wanted), nowhere, UNWALLED)
    if found.exit != 0:
        return None
    path = Path(found.stdout.decode().strip())
    script = "import platform; print(platform.python_implementation(), platform.python_version())"
    asked = Command(
        name="ask for its version", argv=(str(path), "-I", "-c", script), shown_as="python --version"
    )
    answer = run(asked, cwd=nowhere, path=search_path(), variables={}, sandbox=UNWALLED)
    return Interpreter(path, answer.stdout.decode().strip()) if answer.exit == 0 else None


def search_path() -> str:
    """PATH with pyenv's versions in it and without its shims, which fail for versions that are not selected."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    versions = sorted(pyenv.glob("versions/*/bin"), reverse=True)
    inherited = (entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry)
    usual = [entry for entry in inherited if Path(entry) != pyenv / "shims"]
    return os.pathsep.join([str(Path(sys.base_prefix, "bin")), *map(str, versions), *usual])
