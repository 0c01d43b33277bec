"""The tests of base on the code of head: what the change's own tests might no longer say."""

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.file_kinds import is_test
from meta_pipeline.validation.laid_over import laid_over
from meta_pipeline.workspace.repository import Mirror


def with_former_tests(mirror: Mirror, head: str, change: Change) -> str | None:
    """A commit of `head` with every test file of base as base has it; None where the change touches none of them.

    Files that the change adds stay: a new helper of tests must not be missing.
    """
    former = {
        file.path: file.old
        for file in change.files
        if is_test(file.path) and file.old is not None and file.old != file.new
    }
    return laid_over(mirror, head, former, "The tests of base") if former else None
