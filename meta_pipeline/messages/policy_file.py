"""The text of a policy file for what was detected: written as a person would, with the reason for each value."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path, PurePath
from textwrap import indent, wrap
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from meta_pipeline.delivery.ids import TARGET_NAME
from meta_pipeline.schedulers.defaults import Detection
from meta_pipeline.schedulers.found.answer import Doubt, listed

_HEAD = (
    "How a change to this repository is checked, approved and rolled out. Written by 'meta-pipeline init' from what "
    "the files tell. Where they do not tell enough, a line begins with 'To settle': see to those, then commit it."
)
_PURPOSES = {
    "scheduler": "What runs the pipelines, and the folders where it finds them.",
    "schedulers": "What runs the pipelines, and the folders where each finds them.",
    "environment": "What every command below runs in: it is built anew from these files, away from any checkout.",
    "commands": "What is run on a change, as one would type it here, before and after the change.",
    "limits": "The longest that one command may take.",
    "dbt": "The dbt projects whose models and tests are built before and after a change.",
    "dry_run": "The date that pipelines are tried out for, and what stands in for Variables and Connections.",
    "data_quality": "The checkpoints that must pass on the data that a dry run writes.",
    "contracts": "What is promised to the readers of the data.",
    "service_levels": "The longest that a run of a pipeline may take.",
    "retries": "The least that a new or changed task must have.",
    "change": "A change larger than this is to be split.",
    "signoff": "Whose agreement a change needs: this many people for the plan, and this many for the result.",
    "gates": "What the findings of a gate come to here, where it is not as by default.",
    "monitoring": "Where to look after a rollout.",
    "references": "Documents that a change keeps up to date.",
    "follow_ups": "Standing answers, for an issue that does not give its own.",
}
_ALWAYS = ("environment.python", "signoff.allowed_signers", "signoff.design", "signoff.review")
_WIDTH = 110
_SHOWN = 4
# Also to readers of YAML 1.1, to which `on` is true.
_LOOKS_LIKE_ANOTHER_TYPE = re.compile(
    r"[-+]?[\d.][\d.:_e+-]*|true|false|yes|no|on|off|y|n|null|~", re.IGNORECASE
)


def policy_text(detection: Detection) -> str:
    """The YAML of `detection.policy`, which `read_policy` reads back as an equal one.

    Blocks that hold defaults alone are left out; what could not be told stands there as a comment, with an
    example to fill in.
    """
    policy = detection.policy
    head = _yaml({"version": policy.version, "target": policy.target})
    head += _settle(doubt for doubt in detection.doubts if doubt.key == "default_branch")
    blocks = [_comment(_HEAD) + head + _yaml({"default_branch": policy.default_branch})]
    blocks += [block for name in _PURPOSES if (block := _block(name, detection))]
    return "\n".join(blocks)


def told(detection: Detection) -> tuple[tuple[str, str, str], ...]:
    """Dotted key, value and reason of everything that was detected, as one line each."""
    policy = detection.policy
    values: dict[str, object] = {"default_branch": policy.default_branch}
    key = "schedulers" if policy.schedulers else "scheduler"
    values[key] = "; ".join(
        f"{scheduler.kind}, in {listed(_places(scheduler.paths), _SHOWN)}"
        for scheduler in policy.all_schedulers
    )
    values |= {
        "environment.python": policy.environment.python,
        "environment.requirements": listed(policy.environment.requirements, _SHOWN),
        "environment.variables": ", ".join(f"{k}={v}" for k, v in policy.environment.variables.items()),
        "commands": detection.reasons.get("commands"),
        "commands.lint": policy.commands.lint,
        "commands.unit_tests": policy.commands.unit_tests,
        "commands.integration_tests": policy.commands.integration_tests,
        "dbt": listed(_places(each.project for each in policy.dbt), _SHOWN),
        "data_quality.great_expectations": listed(
            [
                f"{each.project} ({listed(each.checkpoints)})"
                for each in policy.data_quality.great_expectations
            ]
        ),
        "contracts": listed(policy.contracts, _SHOWN),
        "signoff.allowed_signers": policy.signoff.allowed_signers,
        "references": listed(list(policy.references.values()), _SHOWN),
    }
    return tuple(
        # What a whole block goes by is its value already.
        (key, str(value), "" if detection.reasons.get(key) == value else detection.reasons.get(key, ""))
        for key, value in values.items()
        if value
    )


def _places(folders: Iterable[str]) -> list[str]:
    return ["the root" if folder == "." else folder for folder in folders]


def target_name(path: str) -> str:
    """A valid name for the target in a repository's folder or URL: its last part, in lower case with underscores."""
    local = str(Path(path).resolve()) if set(PurePath(path).parts) <= {".", ".."} else path
    parts = [part for part in re.split(r"[/\\:]", local) if part not in ("", ".", "..", ".git")]
    last = parts[-1].removesuffix(".git") if parts else ""
    plain = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if name and not name[0].isalpha():
        name = f"repo_{name}"
    name = name[:63].rstrip("_")
    return name if TARGET_NAME.fullmatch(name) else "target"


def _block(name: str, detection: Detection) -> str:
    value = getattr(detection.policy, name)
    doubts = [doubt for doubt in detection.doubts if doubt.key.split(".")[0] == name]
    own = [doubt for doubt in doubts if doubt.key == name]
    told = _comment(_PURPOSES[name], detection.reasons.get(name, "")) + _settle(own)
    if not isinstance(value, BaseModel) and value is not None:
        return told + _yaml({name: _plain(value)}) if value or doubts else ""
    keys = _keys(name, value, detection) if value is not None else {}
    lines = "".join(_key(key, item, f"{name}.{key}", detection) for key, item in keys.items())
    absent = [
        doubt for doubt in doubts if doubt.key.removeprefix(f"{name}.") not in keys and doubt not in own
    ]
    if keys:
        return f"{told}{name}:\n{indent(lines + _open(absent), '  ')}"
    if not doubts:
        return ""
    examples = _examples([*own, *absent])
    return told + _settle(absent) + (_commented(f"{name}:\n{indent(examples, '  ')}") if examples else "")


def _keys(name: str, value: BaseModel, detection: Detection) -> dict[str, Any]:
    """The fields of a block that say something: not the default, or with a reason."""
    plain = value.model_dump(mode="json")
    short = value.model_dump(mode="json", exclude_defaults=True)
    return {
        key: _plain(getattr(value, key)) if key in short else plain[key]
        for key, field in type(value).model_fields.items()
        if field.is_required()
        or getattr(value, key) != field.get_default(call_default_factory=True)
        or f"{name}.{key}" in (*_ALWAYS, *detection.reasons)
    }


def _key(key: str, value: Any, dotted: str, detection: Detection) -> str:
    doubts = [doubt for doubt in detection.doubts if doubt.key == dotted]
    return _comment(detection.reasons.get(dotted, "")) + _settle(doubts) + _yaml({key: value})


def _open(doubts: Iterable[Doubt]) -> str:
    """Each doubt with its example in comment."""
    return "".join(_settle([doubt]) + _commented(_examples([doubt])) for doubt in doubts)


def _settle(doubts: Iterable[Doubt]) -> str:
    return "".join(_comment(f"To settle: {doubt.sentence}") for doubt in doubts)


def _examples(doubts: Iterable[Doubt]) -> str:
    return "".join(f"{doubt.example}\n" for doubt in doubts if doubt.example)


def _commented(text: str) -> str:
    return indent(text, "# ")


def _comment(*sentences: str) -> str:
    """Comment lines; a line break or control character in a file's name must not end the comment."""
    lines: list[str] = []
    for sentence in filter(None, sentences):
        clean = "".join(letter if letter.isprintable() else "?" for letter in " ".join(sentence.split()))
        stopped = clean if clean.endswith(".") else f"{clean}."
        lines += wrap(stopped, _WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return "".join(f"# {line}\n" for line in lines)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return _short(value) if isinstance(value, BaseModel) else value


def _short(value: BaseModel) -> dict[str, Any]:
    """The fields of an entry that say something: what it must have, and what is not the default."""
    short = value.model_dump(mode="json", exclude_defaults=True)
    required = {key for key, field in type(value).model_fields.items() if field.is_required()}
    plain = value.model_dump(mode="json", include=required)
    return {
        key: short.get(key, plain.get(key)) for key in type(value).model_fields if key in {*short, *required}
    }


def _yaml(value: Mapping[str, Any]) -> str:
    emitter = YAML(typ="rt")
    emitter.indent(mapping=2, sequence=4, offset=2)
    emitter.width = 10_000
    stream = StringIO()
    emitter.dump(_styled(value), stream)
    return stream.getvalue()


def _styled(value: Any) -> Any:
    """Short lists of plain values in one line, and double quotes where a value looks like a number or a date."""
    if isinstance(value, Mapping):
        return CommentedMap((key, _styled(item)) for key, item in value.items())
    if isinstance(value, list):
        items = CommentedSeq(map(_styled, value))
        is_short = sum(len(str(item)) + 2 for item in value) < _WIDTH - len("  requirements: []")
        if is_short and not any(isinstance(item, (Mapping, list)) for item in value):
            items.fa.set_flow_style()
        return items
    if isinstance(value, str) and _LOOKS_LIKE_ANOTHER_TYPE.fullmatch(value):
        return DoubleQuotedScalarString(value)
    return value
