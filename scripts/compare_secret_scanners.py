"""Counts what secret scanners find in our samples: `python scripts/compare_secret_scanners.py`.

Scanners that are not installed are left out; `pip install detect-secrets kingfisher-bin credsweeper` brings
all that decision 0002 names. Nothing is sent anywhere: validation of findings over the network is off.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from meta_pipeline.gates.secrets.leaks import leaks_in
from tests.gates.secrets.secret_samples import harmless, planted

Samples = Mapping[str, tuple[str, str]]


def detect_secrets(root: Path) -> set[str]:
    """The files that detect-secrets reports with all its plugins."""
    found = json.loads(_run(root, "detect-secrets", "scan", "--all-files", "."))
    return set(found["results"])


def kingfisher(root: Path) -> set[str]:
    """The files that kingfisher reports at its lowest confidence."""
    arguments = ("--no-validate", "--no-update-check", "--confidence", "low", "--format", "json", ".")
    first_line = _run(root, "kingfisher", "scan", *arguments).splitlines()[0]
    return {finding["finding"]["path"].removeprefix("./") for finding in json.loads(first_line)["findings"]}


def credsweeper(root: Path) -> set[str]:
    """The files that CredSweeper reports as it comes, UUIDs left out."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        _run(root, "credsweeper", "--path", ".", "--save-json", str(report), "--log", "critical")
        found = json.loads(report.read_text())
    kept = (candidate for candidate in found if candidate["rule"] != "UUID")
    return {line["path"].removeprefix("./") for candidate in kept for line in candidate["line_data_list"]}


def ours(root: Path) -> set[str]:
    """The files that CHG003 reports."""
    files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    every_line = {path: set(range(1, data.count(b"\n") + 2)) for path, data in files.items()}
    return {leak.path for leak in leaks_in(files, every_line)}


SCANNERS: Mapping[str, Callable[[Path], set[str]]] = {
    "detect-secrets": detect_secrets,
    "kingfisher": kingfisher,
    "credsweeper": credsweeper,
    "CHG003": ours,
}


def main() -> None:
    for name, scan in SCANNERS.items():
        if name != "CHG003" and shutil.which(name) is None:
            print(f"{name}: not installed")
            continue
        found, missed = _tried(scan, planted())
        alarms, _ = _tried(scan, harmless())
        print(
            f"{name}: {len(found)} of {len(planted())} planted, {len(alarms)} of {len(harmless())} harmless"
        )
        print(f"  missed: {', '.join(missed) or 'nothing'}\n  false alarms: {', '.join(alarms) or 'none'}")


def _tried(scan: Callable[[Path], set[str]], samples: Samples) -> tuple[list[str], list[str]]:
    """The names of the samples that the scanner reports, and of those that it does not."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        names = {}
        for number, (name, (path, text)) in enumerate(samples.items()):
            file = root / f"{number}" / path
            file.parent.mkdir(parents=True)
            file.write_text(text)
            names[f"{number}/{path}"] = name
        reported = scan(root)
    return [n for p, n in names.items() if p in reported], [n for p, n in names.items() if p not in reported]


def _run(root: Path, *argv: str) -> str:
    return subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    main()
