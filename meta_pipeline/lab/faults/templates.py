"""SQL, Jinja and YAML that no longer parse."""

import ast
import random
import re
from collections.abc import Iterator

import yaml

from meta_pipeline.lab.editing import Change, Edit, Text
from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place
from meta_pipeline.lab.pipeline_source import is_pipeline_file
from meta_pipeline.lab.python_source import python_of, text_value
from meta_pipeline.lab.repository import ANY
from meta_pipeline.lab.select_list import masked
from meta_pipeline.lab.sql_source import closing_of
from meta_pipeline.lab.yaml_source import yaml_of

_BLOCK = re.compile(r"[ \t]*\{%-?\s*(endif|endfor|endmacro|endset|endtest|endsnapshot)\s*-?%\}[ \t]*\n?")
_KEYWORD = re.compile(r"\b(from|where|group(?=\s+by\b)|order(?=\s+by\b))\b", re.IGNORECASE)
_CLOSING = re.compile(r"\{\{[^{}\n]*?(\}\})")


class JinjaBroken(Mutator):
    """A template does not parse: a block without its end, an expression without its closing braces.

    The model does not compile, or the task fails when its template is rendered.
    """

    id = "jinja-broken"
    seen_by = "run"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if base.path.endswith((".sql", ".jinja", ".j2")):
            text = Text.of(base)
            if text is not None:
                yield from self._sql(text, dice)
        source = python_of(base)
        if source is None or base.scheduler != "airflow" or not is_pipeline_file(source, "airflow"):
            return
        for node in source.nodes:
            value = text_value(node)
            if value is None or not re.search(
                r"\{\{\s*(ds|data_interval|logical_date|params|var|macros|ti|dag_run)\b", value
            ):
                continue
            if not isinstance(node, ast.expr) or isinstance(source.parents.get(node), ast.JoinedStr):
                continue
            start, end = source.span(node)
            found = _CLOSING.search(source.text.value, start, end)
            if found is not None:
                edit = Edit(found.start(1), found.end(1), "}")
                yield Change(source.text, [edit], [(start, end)]).fault("a template lacks a closing brace")

    def _sql(self, text: Text, dice: random.Random) -> Iterator[Mutation]:
        for found in _BLOCK.finditer(text.value):
            # The end of the file is where a parser notices.
            last = max(1, text.count - (1 if found.group().endswith("\n") else 0))
            opened = list(
                re.finditer(r"\{%-?\s*(if|for|macro|set|test|snapshot)\b", text.value[: found.start()])
            )
            near = [(match.start(), text.end_of_line(match.start())) for match in opened[-2:]]
            edit = Edit(found.start(), found.end(), "")
            place = Place(text.path, max(1, last - 1), last)
            yield Change(text, [edit], near, [place]).fault(f"a block has no `{found.group(1)}`")
        braces = list(_CLOSING.finditer(text.value))
        for found in dice.sample(braces, min(3, len(braces))):
            edit = Edit(found.start(1), found.end(1), dice.choice(["}", ""]))
            yield Change(text, [edit]).fault("an expression is not closed")


class SqlBroken(Mutator):
    """A SQL statement does not parse: a parenthesis is gone, or a keyword is misspelt.

    The statement fails when it runs, which may be at night.
    """

    id = "sql-broken"
    seen_by = "run"
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        text = Text.of(base) if base.path.endswith(".sql") and "/macros/" not in f"/{base.path}" else None
        if text is None:
            return
        words = [found for found in _KEYWORD.finditer(masked(text.value)) if found.group().islower()]
        words += [found for found in _KEYWORD.finditer(masked(text.value)) if found.group().isupper()]
        for found in dice.sample(words, min(3, len(words))):
            word = found.group()
            wrong = word[0] + word[2] + word[1] + word[3:]
            place = Place(text.path, text.line(found.start()), min(text.count, text.line(found.start()) + 2))
            edit = Edit(found.start(), found.end(), wrong)
            yield Change(text, [edit], places=[place]).fault(f"writes {wrong} for {word}")
        openings = [match.start() for match in re.finditer(r"(?<=\w)\((?=[^()'{}\n]+\))", text.value)]
        for at in dice.sample(openings, min(3, len(openings))):
            end = closing_of(text.value, at)
            line = text.value[text.start_of_line(at) : at]
            if (
                end is None
                or "--" in line
                or line.count("'") % 2  # text in quotes is no SQL
                or "{" in text.value[text.start_of_line(at) : text.end_of_line(at)]
            ):
                continue
            place = Place(text.path, text.line(at), min(text.count, text.line(at) + 3))
            yield Change(text, [Edit(end, end + 1, "")], places=[place]).fault("a parenthesis is not closed")


class YamlBroken(Mutator):
    """A YAML file does not parse: a quote is not closed, an indent is off, a tab is in it.

    All that the file says is lost: models without tests, deployments that are not made.
    """

    id = "yaml-broken"
    breaks_syntax = True
    schedulers = ANY
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        document = yaml_of(base)
        if document is None:
            return
        text = document.text
        entries = [entry for entry in document.entries() if entry.value_text and len(entry.path) > 1]
        for entry in dice.sample(entries, min(4, len(entries))):
            start, end = entry.value.start_mark.index, document.end(entry.value)
            quote = text.value[start]
            at = text.start_of_line(entry.span[0])
            if quote in "'\"" and text.value[end - 1] == quote:
                edit = Edit(end - 1, end, "")
            elif dice.random() < 0.5:
                edit = Edit(entry.span[0] + len(entry.key), entry.span[0] + len(entry.key) + 1, "")
            else:
                edit = Edit(at, at, " ")
            line = _error_line(text.edited([edit]))
            if line is not None:
                place = Place(text.path, line, line)
                span = (entry.span[0], entry.span[1])
                yield Change(text, [edit], [span], [place]).fault("does not parse")


def _error_line(text: str) -> int | None:
    try:
        for _ in yaml.compose_all(text, Loader=yaml.SafeLoader):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return None if mark is None else min(mark.line + 1, max(1, len(text.splitlines())))
    except yaml.YAMLError:
        return 1
    return None
