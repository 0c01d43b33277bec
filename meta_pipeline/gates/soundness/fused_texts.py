"""Texts in Python that run together because a comma or a space between two lines was forgotten."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from meta_pipeline.delivery.change import Change
from meta_pipeline.gates.soundness.judged import changed, may_be_unreadable
from meta_pipeline.gates.soundness.module_names import parsed_or_none
from meta_pipeline.gates.weighing import Weighed, weighed

_OPTION = re.compile(r"--?[A-Za-z]")
_WORD = re.compile(r"[\w.\[\]<>=~-]+")
_SQL = re.compile(r"\b(?:select|from|update|insert|delete|merge|where)\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"(?:from|where|(?:left |right |inner |outer |cross |full )?join|group by|order by|having|limit|union|values|set"
    r"|and|or|on)\b\s",
    re.IGNORECASE,
)
_SHORT = 60
"""Two words that fit on a line together were not parted for their length."""
_BETWEEN = frozenset({tokenize.NL, tokenize.COMMENT})
_SHOWN = 30


@dataclass(frozen=True, slots=True)
class _Joint:
    """Where one text ends and the next one begins, and at which line that is."""

    left: str
    right: str
    line: int


def fused_texts(change: Change) -> Iterator[Weighed]:
    """Each place of a changed file where two texts are newly joined that were hardly meant to be one."""
    for file in changed(change, (".py",)):
        if may_be_unreadable(file) or not any('"' in line.text or "'" in line.text for line in file.added):
            continue
        known = {(one.left, one.right) for one in _joints(file.old or b"")}
        for joint in _joints(file.new or b""):
            if (joint.left, joint.right) not in known:
                yield weighed(
                    "needs_approval",
                    f"'{joint.left[-_SHOWN:]}' and '{joint.right[:_SHOWN]}' on the next line run together into one "
                    "word, as no comma or space is between them",
                    "put the comma or the space there, or have a person confirm that they are one",
                    path=file.path,
                    line=joint.line,
                )


def _joints(source: bytes) -> list[_Joint]:
    module = parsed_or_none(source)
    return [*_by_plus(module), *_side_by_side(module, source)] if module else []


def _by_plus(module: ast.Module) -> Iterator[_Joint]:
    for node in ast.walk(module):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = _text(node.left, last=True), _text(node.right, last=False)
            is_below = (node.left.end_lineno or 0) < node.right.lineno
            if left and right and is_below and _lacks_space(left, right):
                yield _Joint(left, right, node.right.lineno)


def _text(node: ast.expr, *, last: bool) -> str | None:
    """The text that an expression ends with, or begins with."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=[*values]) if values:
            return _text(values[-1 if last else 0], last=last)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _text(right if last else left, last=last)
    return None


def _side_by_side(module: ast.Module, source: bytes) -> Iterator[_Joint]:
    """Literals that follow each other; in brackets of their own they are meant to be one."""
    elements = {
        (one.lineno, one.col_offset): held
        for held in ast.walk(module)
        if isinstance(held, ast.List | ast.Tuple | ast.Set)
        for one in held.elts
    }
    for run, is_bracketed in _runs(source):
        held = elements.get(run[0].start) if not is_bracketed else None
        for one, two in pairwise(run):
            left, right = _literal(one.string), _literal(two.string)
            if not left or not right or one.end[0] == two.start[0]:
                continue
            if _lacks_space(left, right) or (held is not None and _lacks_comma(left, right, held)):
                yield _Joint(left, right, two.start[0])


def _runs(source: bytes) -> Iterator[tuple[list[tokenize.TokenInfo], bool]]:
    """Two or more literals side by side, and whether brackets of their own hold them."""
    run: list[tokenize.TokenInfo] = []
    before = ""
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type == tokenize.STRING:
            run.append(token)
        elif token.type not in _BETWEEN:
            if len(run) > 1:
                yield run, before == "(" and token.string == ")"
            run, before = [], token.string


def _literal(written: str) -> str | None:
    """The text of a literal; of one that is filled in, what is written."""
    prefix = re.match(r"[A-Za-z]*", written)
    if prefix and "f" in prefix.group().lower():
        return written[prefix.end() :].strip("\"'")
    value = ast.literal_eval(written)
    return value if isinstance(value, str) else None


def _lacks_comma(left: str, right: str, held: ast.List | ast.Tuple | ast.Set) -> bool:
    """Whether two elements of a list became one."""
    if _OPTION.match(right):
        return left[-1] not in " =,:(\t\n"
    others = [one for one in held.elts if isinstance(one, ast.Constant) and one.lineno == one.end_lineno]
    return (
        len(others) == len(held.elts) - 1 > 0
        and len(left) + len(right) <= _SHORT
        and bool(_WORD.fullmatch(left) and _WORD.fullmatch(right))
        and left[-1].isalnum()
        and right[0].isalnum()
    )


def _lacks_space(left: str, right: str) -> bool:
    """Whether words of a command or query became one."""
    if (
        " " not in left
        or " " not in right
        or not (left[-1].isalnum() and (right[0].isalnum() or right[0] == "-"))
    ):
        return False
    if _CLAUSE.match(right) and _SQL.search(left):
        return True
    return " --" in left and (" --" in right or right.startswith("--"))
