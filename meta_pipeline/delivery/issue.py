"""The change request as its author wrote it."""

from typing import Literal

from meta_pipeline.delivery.model import Frozen

NO_RESPONSE = "_No response_"


class Section(Frozen):
    """The text under one `### Heading`; `line` is the first line of the text in the issue's file."""

    heading: str
    text: str
    line: int


class Issue(Frozen):
    """One change request. `path` is the file it came from, relative to the target where it is committed there."""

    title: str
    requester: str
    sections: tuple[Section, ...]
    path: str
    labels: tuple[str, ...] = ()
    status: Literal["open", "closed"] = "open"
    reopens: str | None = None

    def section(self, heading: str) -> Section | None:
        """The filled-in section with this heading, compared without case; None where it is absent or blank."""
        for section in self.sections:
            if section.heading.casefold() == heading.casefold():
                return section if section.text.strip() not in ("", NO_RESPONSE) else None
        return None
