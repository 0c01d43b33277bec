"""Calls that give an attacker a way in."""

import ast
import random
import re
from collections.abc import Iterator

from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import given_to, task_functions
from meta_pipeline.lab.python_source import Function, PythonSource, keyword_of, python_of
from meta_pipeline.lab.repository import PYTHON


class InsecureCall(Mutator):
    """A call that trusts what comes from outside: a shell with a value in it, no check of certificates, pickle, eval.

    Who controls the value, or stands between, runs code where the pipeline runs.
    """

    id = "insecure-call"
    schedulers = PYTHON
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        yield from self._in_place(source)
        plain = [function for function in task_functions(source) if source.has_simple_body(function)]
        for function in dice.sample(plain, min(3, len(plain))):
            yield self._added(source, function, dice)

    def _in_place(self, source: PythonSource) -> Iterator[Mutation]:
        for call in source.calls:
            name = source.name(call.func) or ""
            near = [source.span(call)]
            if re.fullmatch(
                r"(requests|httpx)\.(get|post|put|patch|delete|request)", name
            ) and not keyword_of(call, "verify"):
                edit = source.with_keyword(call, "verify=False")
                yield Change(source.text, [edit], near).fault("does not check the certificate")
            elif name == "yaml.safe_load":
                start, end = source.span(call.func)
                own = source.text.value[start:end].replace("safe_load", "unsafe_load")
                yield Change(source.text, [Edit(start, end, own)], near).fault(
                    "loads YAML that may make any object"
                )
            elif name in {"subprocess.run", "subprocess.check_call", "subprocess.check_output"} and call.args:
                first = call.args[0]
                if isinstance(first, ast.List) and not keyword_of(call, "shell") and len(first.elts) > 1:
                    parts = [_as_text(source, item) for item in first.elts]
                    if all(part is not None for part in parts):
                        line = 'f"' + " ".join(part or "" for part in parts) + '"'
                        edits = [Edit(*source.span(first), line), source.with_keyword(call, "shell=True")]
                        if edits[0].end <= edits[1].start:
                            yield Change(source.text, edits, near).fault(
                                "runs a shell with a value in its command"
                            )

    def _added(self, source: PythonSource, function: Function, dice: random.Random) -> Mutation:
        arguments = given_to(function)
        value = arguments[0] if arguments else ""
        download = 'with urllib.request.urlopen("http://models.example.com/model.pkl") as answer:'
        request = 'requests.get("https://api.example.com/export", verify=False, timeout=60)'
        ways = [
            (
                [
                    "import pickle",
                    "import urllib.request",
                    "",
                    download,
                    "    model = pickle.loads(answer.read())",
                ],
                "pickle on what was downloaded",
            ),
            (["import requests", "", request], "a request that checks no certificate"),
        ]
        if value:
            copy = f'subprocess.run(f"gsutil cp {{{value}}} /tmp/input", shell=True, check=True)'
            ways += [
                (["import subprocess", "", copy], "a shell with a value in it"),
                (
                    ["import os", "", f'os.system(f"rm -rf /data/staging/{{{value}}}")'],
                    "a shell with a value in it",
                ),
                ([f"options = eval({value})"], "eval on an argument"),
                (
                    ["import yaml", "", f"options = yaml.load({value}, Loader=yaml.Loader)"],
                    "YAML that may make any object",
                ),
            ]
        lines, what = dice.choice(ways)
        at, indent = source.body_start(function)
        new = "".join(f"{indent}{line}\n" if line else "\n" for line in lines)
        return Change(source.text, [Edit(at, at, new)]).fault(f"uses {what}")


def _as_text(source: PythonSource, node: ast.expr) -> str | None:
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and not re.search(r"[\"{}\\]", node.value)
    ):
        return node.value
    if isinstance(node, ast.Name):
        return f"{{{node.id}}}"
    return None
