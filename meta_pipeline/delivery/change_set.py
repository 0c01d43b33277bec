"""The change itself: a patch on a base commit, and who wrote it."""

from typing import Literal

from meta_pipeline.delivery.model import Frozen


class Author(Frozen):
    """Who or what wrote a change; `identity` is compared with the signer's, who must be somebody else."""

    kind: Literal["recipes", "patch", "command", "agent"]
    identity: str


class ChangeSet(Frozen):
    """A git patch against `base`.

    `head` is the commit, and `tree` the tree, that base and patch make; both are None where the
    patch does not apply, and `rejection` then says why. `patch_id` is `git patch-id --verbatim`.
    """

    plan: str
    base: str
    patch: str
    author: Author
    message: str
    head: str | None = None
    tree: str | None = None
    patch_id: str | None = None
    rejection: str | None = None
