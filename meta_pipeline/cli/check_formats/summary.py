"""The summary of a step, which GitHub Actions shows on the page of the run."""

import os
from pathlib import Path

_VARIABLE = "GITHUB_STEP_SUMMARY"


def append(page: str) -> bool:
    """Add a page of Markdown to the summary; False where this is no step of a workflow."""
    path = os.environ.get(_VARIABLE)
    if not path:
        return False
    with Path(path).open("a", encoding="utf-8") as summary:
        summary.write(page + "\n")
    return True
