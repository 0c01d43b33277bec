"""What looks like a credential and is none: look-ups, placeholders, digests, ids, addresses of documents."""

import random
import uuid
from collections.abc import Iterator

from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator
from meta_pipeline.lab.pipeline_source import is_pipeline_file, task_functions
from meta_pipeline.lab.python_source import PythonSource, python_of
from meta_pipeline.lab.repository import ANY, PYTHON
from meta_pipeline.lab.yaml_source import yaml_of


class SecretLookedUp(Mutator):
    """A credential is asked for where it is kept: in the environment, in a connection, in a variable, inside a task."""

    id = "secret-looked-up"
    schedulers = PYTHON
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        source = python_of(base)
        if source is None:
            return
        if "API_TOKEN" not in source.bound:
            at = source.after_imports()
            lines = '\nAPI_TOKEN = os.environ.get("API_TOKEN", "")\n'
            if source.imported.get("os") != "os":
                lines = f"import os\n{lines}"
            yield Change(source.text, [Edit(at, at, lines)]).twin("asks the environment for a token")
        functions = task_functions(source) if is_pipeline_file(source, base.scheduler) else []
        plain = [function for function in functions if source.has_simple_body(function)]
        for function in dice.sample(plain, min(2, len(plain))):
            at, indent = source.body_start(function)
            new = "".join(f"{indent}{line}\n" if line else "\n" for line in _lookup(source, base.scheduler))
            yield Change(source.text, [Edit(at, at, new)]).twin("asks for a key inside a task")


def _lookup(source: PythonSource, scheduler: SchedulerKind) -> list[str]:
    """A look-up that does without where nothing is found."""
    if scheduler == "airflow":
        is_new = any(full.startswith("airflow.sdk") for full in source.imported.values())
        module, default = ("airflow.sdk", "default") if is_new else ("airflow.models", "default_var")
        asked, first = f'Variable.get("api_key", {default}=None)', f"from {module} import Variable"
    else:
        asked, first = 'os.environ.get("REPORTING_API_KEY")', "import os"
    return [first, "", f"if not {asked}:", '    print("no key for the reports")']


class SecretLookalike(Mutator):
    """A placeholder, a digest, an id or an address that has the word token in it."""

    id = "secret-lookalike"
    keeps_pipelines = True
    schedulers = ANY
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        digest = "".join(dice.choices("0123456789abcdef", k=64))
        ident = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        source = python_of(base)
        if source is not None:
            at = source.after_imports()
            for name, value in (
                ("MODEL_SHA256", digest),
                ("DASHBOARD_ID", ident),
                ("TOKEN_DOCS", "https://docs.example.com/how-to-get-a-token"),
                ("PASSWORD_PLACEHOLDER", "<your-password>"),
                ("SECRET_NAME", "projects/analytics/secrets/warehouse-password"),
                ("API_KEY_TEMPLATE", "{{ var.value.reporting_api_key }}"),
            ):
                if name not in source.bound:
                    edit = Edit(at, at, f'\n{name} = "{value}"\n')
                    yield Change(source.text, [edit]).twin(f"adds `{name}`, which is no secret")
        text = Text.of(base) if base.path.endswith(".sql") else None
        if text is not None and text.value.strip():
            for note in (f"https://bi.example.com/d/{ident}", f"sha256 of the source file: {digest}"):
                yield Change(text, [Edit(0, 0, f"-- {note}\n")]).twin("adds an id to a comment")
        document = yaml_of(base)
        for entry in document.entries() if document else ():
            assert document is not None
            pairs = getattr(entry.value, "value", None)
            if entry.key not in {"env", "environment"} or not isinstance(pairs, list) or not pairs:
                continue
            if not isinstance(pairs[0], tuple) or getattr(entry.value, "flow_style", True):
                continue
            start = pairs[0][0].start_mark.index
            line_start = document.text.start_of_line(start)
            if document.text.value[line_start:start].strip():
                continue
            value = "${{ secrets.REPORT_TOKEN }}" if ".github/" in base.path else "${REPORT_TOKEN}"
            line = f"{document.text.indent(start)}REPORT_TOKEN: {value}\n"
            yield Change(document.text, [Edit(line_start, line_start, line)]).twin(
                "hands a token on by its name"
            )
