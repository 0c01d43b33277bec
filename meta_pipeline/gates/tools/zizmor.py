"""zizmor: what can be abused in workflows and actions of GitHub, asked offline and whatever their comments say."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from meta_pipeline.gates.tools.tool import Missing, Reported, beside_python, run_on

_INSTALL = "pip install zizmor"
_ANSWERS = (0, 11, 12, 13, 14)
"""Its exit statuses for an answer: nothing found, or the weight of the heaviest finding."""


@dataclass(frozen=True, slots=True)
class Weakness:
    """One finding with the weights that zizmor gives it: `high`, `medium`, `low` or `informational`."""

    report: Reported
    severity: str
    confidence: str


def weaknesses(files: Mapping[str, bytes]) -> tuple[Weakness, ...] | Missing:
    """What zizmor finds in workflows and composite actions, by their paths; a file that is no YAML gives nothing."""
    if not files:
        return ()
    argv = [
        beside_python("zizmor"),
        *("--offline", "--no-config", "--no-ignores", "--quiet", "--collect=all", "--format=json"),
        "{folder}",
    ]
    called = run_on(files, argv, install=_INSTALL)
    if isinstance(called, Missing):
        return called
    try:
        found = json.loads(called.stdout or b"[]") if called.exit in _ANSWERS else None
    except ValueError:
        found = None
    if found is None:
        said = (called.stderr.decode("utf-8", errors="replace").strip() or "it says nothing").splitlines()[-1]
        return Missing("zizmor", f"zizmor gave no answer: {said}", _INSTALL)
    return tuple(_weakness(one, files) for one in found)


def _weakness(one: dict[str, Any], files: Iterable[str]) -> Weakness:
    places = one["locations"]
    place = next((at for at in places if at["symbolic"]["kind"] == "Primary"), places[0])
    feature = str(place["concrete"]["feature"]).strip().split("\n")[0]
    report = Reported(
        path=_path(str(place["symbolic"]["key"]["Local"]), files),
        line=place["concrete"]["location"]["start_point"]["row"] + 1,
        code=str(one["ident"]),
        message=f"{one['desc']} ({feature})",
    )
    weights = one["determinations"]
    return Weakness(report, weights["severity"].lower(), weights["confidence"].lower())


def _path(said: str, files: Iterable[str]) -> str:
    """The file that zizmor names by its place in the folder it was run on."""
    return max((path for path in files if f"/{path}'" in said), key=len, default=said)
