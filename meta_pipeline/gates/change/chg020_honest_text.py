"""CHG020: what a reader sees is what runs."""

import builtins
import keyword
import unicodedata
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.stages import StageId
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion, Strength
from meta_pipeline.gates.honesty.code import Piece, is_code, is_translation, pieces
from meta_pipeline.gates.honesty.hiding import hidden
from meta_pipeline.gates.honesty.letters import TURNING, Trick, named, skeleton, tricks
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_SAYS = {
    "turns": "shows its text in another order than it runs",
    "tag": "holds letters that no screen shows",
    "unseen": "holds a letter that no screen shows",
    "alike": "holds a word of look-alike letters",
}


class HonestText(Gate):
    """What a reader of the diff sees is what runs.

    Letters that turn text around, that are not seen, or that look like others make a review worthless: the code that
    was read is not the code that runs. So do a text that is decoded and executed, a file that starts by itself, an
    attribute that folds code away in diffs, and code in a folder of other people's code, which no gate reads. Words
    of any language in texts and comments are welcome, emoji too.
    """

    id: ClassVar[str] = "CHG020"
    name: ClassVar[str] = "honest-text"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = ("hidden-text",)

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        found = [*(one for file in case.change.files for one in _letters(file)), *hidden(case.change)]
        return weigh(self, found, "what the change shows is what it does")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        dag = specimens.DAG_FILE
        return (
            Example(
                "words of another language", _case({dag: 'note = "Привет, 世界 👩‍💻"  # Größe\n'}), "passed"
            ),
            Example("a name of another script", _case({dag: "größe = 1\nΔt = 2\n"}), "passed"),
            Example(
                "a control that turns the line around",
                _case({dag: 'role = "user\u202e \u2066# admin\u2069 \u2066"\n'}),
                "failed",
                "RIGHT-TO-LEFT OVERRIDE",
            ),
            Example(
                "a name with one Cyrillic letter",
                _case({dag: "\u043erders = load()\n"}),
                "failed",
                "looks like 'orders'",
            ),
            Example(
                "a letter that is not seen, in a table's name",
                _case({"models/orders.sql": "select * from ord\u200bers\n"}),
                "needs_approval",
                "ZERO WIDTH SPACE",
            ),
            Example(
                "a text that is decoded and run",
                _case({dag: "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))\n"}),
                "failed",
                "decodes a text and runs it",
            ),
            Example(
                "code is folded away in diffs",
                _case({dag: "x = 1\n", ".gitattributes": "dags/** linguist-generated\n"}),
                "needs_approval",
                "goes unread",
            ),
            Example(
                "code lands among vendored packages",
                _case({"dbt_packages/dbt_utils/macros/star.sql": "{% macro star() %}*{% endmacro %}\n"}),
                "needs_approval",
                "which no gate reads",
            ),
        )


def _case(after: specimens.Files) -> Case:
    return Case(Policy(), change=specimens.change({}, after))


def _letters(file: FileChange) -> Iterator[Weighed]:
    if file.new is None or file.is_binary or (file.new.isascii() and not file.path.endswith(".ipynb")):
        return
    text = file.new.decode("utf-8", errors="replace")
    lines = frozenset(line.number for line in file.added if not line.text.isascii() or "\\u" in line.text)
    if not lines:
        return
    if not is_code(file.path):
        yield from _prose(file)
        return
    told: set[tuple[str, str]] = set()
    for piece in pieces(file.path, text, lines):
        for trick, what in tricks(piece.text):
            strength = _strength(piece, trick, is_words=is_translation(file.path))
            if strength is not None and (trick, what) not in told:
                told.add((trick, what))
                yield _weighed(file, piece, trick, what, strength)
        if piece.part == "code" and file.path.endswith(".py"):
            yield from _borrowed(file, piece, text)


def _strength(piece: Piece, trick: Trick, *, is_words: bool) -> Strength | None:
    """How much a trick weighs: words for people may hold what code may not."""
    if is_words:
        return "warned" if trick in ("turns", "tag") else None
    if trick in ("turns", "tag"):
        return "failed"
    if piece.part == "comment":
        return "warned" if trick == "unseen" else None
    if piece.part == "text":
        return "needs_approval"
    return "failed" if trick == "alike" else "needs_approval"


def _weighed(file: FileChange, piece: Piece, trick: Trick, what: str, strength: Strength) -> Weighed:
    return weighed(
        strength,
        f"{file.path} {_SAYS[trick]}: {what}",
        "type the line anew, by hand",
        path=file.path,
        line=piece.line,
    )


def _borrowed(file: FileChange, piece: Piece, text: str) -> Iterator[Weighed]:
    """A name of foreign letters alone that reads as one which Python or this file has."""
    plain = skeleton(piece.text)
    if piece.text.isascii() or not plain.isascii() or not plain.isidentifier() or len(plain) < 2:
        return
    is_known = (
        plain in vars(builtins) or keyword.iskeyword(plain) or f" {plain} " in f" {' '.join(_names(text))} "
    )
    if is_known or unicodedata.normalize("NFKC", piece.text) == plain:
        yield weighed(
            "failed",
            f"{file.path} has a name that reads as '{plain}' and is another: it begins with {named(piece.text[0])}",
            "type the name anew, by hand",
            path=file.path,
            line=piece.line,
        )


def _names(text: str) -> list[str]:
    return [
        word for word in text.replace("(", " ").replace(".", " ").replace("=", " ").split() if word.isascii()
    ]


def _prose(file: FileChange) -> Iterator[Weighed]:
    for line in file.added:
        turning = next((letter for letter in line.text if letter in TURNING), None)
        if turning is not None:
            yield weighed(
                "warned",
                f"{file.path} {_SAYS['turns']}: {named(turning)}",
                "leave the control out, unless the language needs it",
                path=file.path,
                line=line.number,
            )
            return
