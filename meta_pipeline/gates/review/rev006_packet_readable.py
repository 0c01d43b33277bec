"""REV006: the review packet can be read, in the time that a reviewer has."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from meta_pipeline.delivery.packet import FEWEST_WORDS, MOST_WORDS, SECTIONS, words_of
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

if TYPE_CHECKING:
    from markdown_it.token import Token


class PacketReadable(Gate):
    """The packet's Markdown renders, it has every section, and between 500 and 1000 words.

    A reviewer signs what they could read. A table that falls apart, or a block of code that swallows the rest, hides
    what is behind it. A page that is too long is read in part; it warns, since a large change may need the room.
    """

    id: ClassVar[str] = "REV006"
    name: ClassVar[str] = "packet-readable"
    stage: ClassVar[StageId] = "review"
    subject: ClassVar[str] = "review_verdict"
    needs: ClassVar[tuple[str, ...]] = ("packet",)

    def judge(self, case: Case) -> Opinion:
        assert case.packet is not None
        text = case.packet.markdown
        found = [*_unrendered(text), *_length(text)]
        return weigh(self, found, f"it renders, has every section and {words_of(text)} words")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        sections = "".join(f"## {name}\n\n{'So it is. ' * 40}\n\n" for name in SECTIONS)
        page = f"# For review: retry the load\n\n{sections}"
        table = "| a | b |\n|---|---|\n| 1 | 2 |\n"

        def case(text: str) -> Case:
            return Case(Policy(), packet=specimens.packet(text))

        return (
            Example("a page with all sections", case(page), "passed"),
            Example("a page with a table", case(page + table), "passed"),
            Example(
                "a section is missing", case(page.replace("## Rollback", "## Back")), "failed", "Rollback"
            ),
            Example(
                "a block of code without an end", case(page + "```\ngit revert\n"), "failed", "without an end"
            ),
            Example(
                "a table without its second line",
                case(page + "| a | b |\n| 1 | 2 |\n"),
                "failed",
                "is no table",
            ),
            Example("hardly a word", case("# For review\n"), "failed", "words"),
            Example("a book", case(page + "And more. " * 400), "warned", "words"),
        )


def _length(text: str) -> Iterator[Weighed]:
    count = words_of(text)
    if count < FEWEST_WORDS:
        yield weighed(
            "failed",
            f"the packet has {count} words; a reviewer cannot judge a change by fewer than {FEWEST_WORDS}",
            "tell of the change, its proof and the way back",
        )
    elif count > MOST_WORDS:
        yield weighed(
            "warned",
            f"the packet has {count} words; over {MOST_WORDS} it is read in part",
            "split the change, so that each part can be read",
        )


def _unrendered(text: str) -> Iterator[Weighed]:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    headings = [
        tokens[at + 1].content.strip() for at, token in enumerate(tokens) if token.type == "heading_open"
    ]
    for name in SECTIONS:
        if name not in headings:
            yield weighed("failed", f"the section '{name}' is missing", "write it, even if it says: none")
    lines = text.splitlines()
    for token in tokens:
        if token.type == "fence" and token.map and not _is_closed(token, lines):
            yield _broken(token.map[0] + 1, "begins a block of code without an end, which swallows the rest")
        elif token.type == "inline" and token.map and token.content.startswith("|"):
            yield _broken(token.map[0] + 1, "looks like a table and is no table")


def _is_closed(token: "Token", lines: list[str]) -> bool:
    assert token.map is not None
    return lines[token.map[1] - 1].strip().startswith(token.markup) and token.map[1] - token.map[0] > 1


def _broken(line: int, what: str) -> Weighed:
    return weighed("failed", f"line {line} of the packet {what}", "mend the Markdown of that line")
