"""Two small classes of change for the tests of the laboratory."""

import random
from collections.abc import Iterator

from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place

DAG = "from airflow.sdk import DAG\n\nwith DAG('d', schedule='@daily') as dag:\n    pass\n"


class LineGone(Mutator):
    """A line is taken out."""

    id = "line-gone"
    schedulers = frozenset({"airflow"})
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        lines = (base.tree.read(base.path) or b"").splitlines(keepends=True)
        if not base.path.endswith(".py"):
            return
        for number in range(len(lines)):
            rest = b"".join(lines[:number] + lines[number + 1 :])
            yield Mutation({base.path: rest}, (Place(base.path, number + 1, number + 1, "base"),), "a line")


class CommentAdded(LineGone):
    """A comment is added at the end; its text is drawn."""

    id = "comment-added"
    is_harmful = False

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        if base.path.endswith(".py"):
            text = (base.tree.read(base.path) or b"") + f"# {dice.random()}\n".encode()
            yield Mutation({base.path: text}, (), "a comment")


class TableDropped(LineGone):
    """A table is dropped where the file is loaded."""

    id = "table-dropped"

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        text = base.tree.read(base.path) or b""
        if base.path.endswith(".py"):
            last = len(text.splitlines()) + 1
            added = b"sqlite3.connect('shop').execute('DROP TABLE orders')\n"
            yield Mutation({base.path: text + added}, (Place(base.path, last, last),), "drops orders")
