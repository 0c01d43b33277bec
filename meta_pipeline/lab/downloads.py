"""Archives of PyPI, fetched once by pip as the operator has set it up, and kept."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import uv

from meta_pipeline.delivery.evidence import Command
from meta_pipeline.workspace.installer import UNWALLED, search_path
from meta_pipeline.workspace.process import Ran, run
from meta_pipeline.workspace.sandbox import detect_sandbox, interpreter_folders

_KEPT_PREFIXES = ("PIP_", "UV_")
_KEPT = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_DIR", "SSL_CERT_FILE")
_FILES = ("PIP_CERT", "SSL_CERT_DIR", "SSL_CERT_FILE")


@dataclass(frozen=True)
class Archive:
    """A wheel or an sdist."""

    path: Path


@dataclass(frozen=True)
class NotHad:
    """No archive; `reason` is what pip said."""

    reason: str


def downloaded(folder: Path, package: str, form: Literal["wheel", "sdist"]) -> Archive | NotHad:
    """The archive of a pinned package, such as `apache-airflow==2.10.5`, in a folder of its own below `folder`."""
    there = folder / f"{package.replace('==', '-')}-{form}"
    if (kept := _archive(there)) is not None:
        return kept
    there.mkdir(parents=True, exist_ok=True)
    ran = _pip(there, package, form)
    if (found := _archive(there)) is not None and ran.exit == 0:
        return found
    said = ran.stderr.decode(errors="replace").strip().splitlines()
    return NotHad(f"{said[-1] if said else 'pip gave no reason'}; see that the package index can be reached.")


def _archive(there: Path) -> Archive | None:
    found = sorted(path for suffix in ("*.whl", "*.tar.gz") for path in there.glob(suffix))
    return Archive(found[0]) if found else None


def _pip(there: Path, package: str, form: Literal["wheel", "sdist"]) -> Ran:
    """To name an sdist, pip runs the package's own build backend: in the sandbox, with the network open."""
    program = Path(uv.find_uv_bin())
    cache = there.parent / ".uv-cache"
    cache.mkdir(exist_ok=True)
    variables = {
        name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    } | {"UV_CACHE_DIR": str(cache), "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never"}
    binary = ("--only-binary", ":all:") if form == "wheel" else ("--no-binary", package.partition("==")[0])
    interpreter = ("--python", sys.executable)
    pip = (str(program), "tool", "run", *interpreter, "pip", "download", "--quiet", "--no-deps", *binary)
    command = Command(
        name="fetch an archive",
        argv=(*pip, "--dest", str(there), package),
        shown_as=f"pip download {package}",
        seconds=900,
    )
    sandbox = UNWALLED
    if form == "sdist":
        seen = [program, *(Path(os.environ[name]) for name in _FILES if name in os.environ)]
        python = Path(sys.executable)
        sandbox = detect_sandbox().opened(
            read_only=[*seen, python.parent.parent, *interpreter_folders(python)],
            writable=[cache, there],
            network=True,
        )
    return run(command, cwd=there, path=search_path(), variables=variables, sandbox=sandbox)
