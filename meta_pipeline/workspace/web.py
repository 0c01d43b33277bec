"""Where people read a repository's files in a browser."""

import re
from urllib.parse import quote

from meta_pipeline.workspace.repository import Mirror, open_repository

_GITHUB = re.compile(
    r"(?:https?://(?:[^/@\s]*@)?|(?:ssh://)?git@)(?:www\.)?github\.com[:/]+"
    r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
)


def web_address(mirror: Mirror) -> str | None:
    """The address of the target's repository on GitHub, without user or token; None where it is elsewhere.

    A folder of this machine is known by the `origin` that it was cloned from.
    """
    if mirror.source_folder is None:
        return github_address(mirror.source)
    said = open_repository(mirror.source_folder).git.run("config", "--get", "remote.origin.url")
    return github_address(said.text.strip()) if said.exit == 0 else None


def github_address(remote: str) -> str | None:
    """The address in a browser of what git fetches from `remote`; None where that is not GitHub."""
    match = _GITHUB.fullmatch(remote)
    return f"https://github.com/{match['owner']}/{match['name']}" if match else None


def file_address(web: str, commit: str, path: str, line: int | None = None) -> str:
    """The address of a file, at its line, as it is at a commit."""
    return f"{web}/blob/{commit}/{quote(path)}{f'#L{line}' if line else ''}"
