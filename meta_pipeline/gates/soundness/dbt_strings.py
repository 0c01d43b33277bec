"""Templates within the settings of a dbt model, such as its hooks, which only a run fills in."""

from collections.abc import Iterator

from jinja2 import nodes

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.soundness.judged import blamed, changed
from meta_pipeline.gates.weighing import Weighed, weighed
from meta_pipeline.schedulers.dbt.project import project_folders
from meta_pipeline.schedulers.dbt.static.templates import Malformed, parse_template

_OPENINGS = ("{{", "{%")


def string_faults(change: Change) -> Iterator[Weighed]:
    """Each text in a model's `config` that is no template any more."""
    folders = project_folders(change.head)
    for file in changed(change, (".sql",)) if folders else ():
        if b"config" not in (file.new or b"") or not _is_within(file.path, folders):
            continue
        before = {text for _, text, _ in _malformed(file.old or b"")}
        for line, text, why in _malformed(file.new or b""):
            if text not in before:
                yield weighed(
                    "failed",
                    f"a text in the settings of this model is no template: {why.rpartition(': ')[2]}; "
                    "its hook fails when the model is built",
                    "mend the template",
                    path=file.path,
                    line=blamed(file, line) if file.old is not None else line,
                )


def _is_within(path: str, folders: tuple[str, ...]) -> bool:
    return any(folder == "." or path.startswith(f"{folder}/") for folder in folders)


def _malformed(data: bytes) -> Iterator[tuple[int, str, str]]:
    """The last line, text and fault of each text in a `config` that Jinja cannot read."""
    template = parse_template(data)
    if isinstance(template, Malformed):
        return
    for call in template.find_all(nodes.Call):
        if not isinstance(call.node, nodes.Name) or call.node.name != "config":
            continue
        for text in call.find_all(nodes.Const):
            if isinstance(text.value, str) and any(opening in text.value for opening in _OPENINGS):
                inner = parse_template(text.value.encode())
                if isinstance(inner, Malformed):
                    yield text.lineno + text.value.count("\n"), text.value, inner.message
