"""What changed between two versions of a dataset's contract, and whether it breaks those who rely on it."""

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from meta_pipeline.contracts.column_types import compare_types
from meta_pipeline.delivery.contract import Bound, ChangeKind, Contract, ContractChange, ContractColumn


class _Change(Protocol):
    """Makes a change of one column."""

    def __call__(self, kind: ChangeKind, text: str, *, breaking: bool) -> ContractChange: ...


def contract_changes(before: Contract, after: Contract) -> tuple[ContractChange, ...]:
    """Every difference, columns in the order of the old contract and then the new ones.

    Breaking: a column dropped, renamed, retyped but for a wider type, or tightened; another primary key; a contract
    that is no longer enforced; where writers must meet the schema, a new column that they must fill. Compatible: a
    column added, loosened or described anew; a check that gets stricter.
    """
    return tuple(_between(before, after))


def _between(before: Contract, after: Contract) -> Iterator[ContractChange]:
    said = _Saying(after)
    if before.enforced and not after.enforced:
        yield said.of(
            None, "unenforced", f"the contract of {after.dataset} is no longer enforced", breaking=True
        )
    if after.enforced and not before.enforced:
        yield said.of(None, "enforced", f"the contract of {after.dataset} is enforced", breaking=False)
    renamed = _renamed(before, after)
    key = {renamed[name].name if name in renamed else name for name in before.key}
    if key != set(after.key):
        was, now = (", ".join(names) or "nothing" for names in (before.key, after.key))
        text = f"the primary key of {after.dataset} changes from {was} to {now}"
        yield said.of(None, "rekeyed", text, breaking=bool(before.key))
    for column in before.columns:
        new = after.column(column.name)
        if new is None and column.name in renamed:
            new = renamed[column.name]
            yield said.of(
                column.name,
                "renamed",
                f"column {column.name} of {after.dataset} is renamed to {new.name}",
                breaking=True,
                at=new,
            )
        if new is None:
            if column.implied:
                text = f"{after.dataset} demands nothing of column {column.name} any more"
                yield said.of(column.name, "loosened", text, breaking=False)
            else:
                text = f"column {column.name} of {after.dataset} is dropped"
                yield said.of(
                    column.name, "dropped", text, breaking=True, at=_where_it_was(column, before, after)
                )
        else:
            yield from _of_column(column, new, said)
    fresh = {new.name for new in renamed.values()}
    for new in after.columns:
        if before.column(new.name) is None and new.name not in fresh:
            refuses = after.is_for_writers and new.required and not new.has_default
            how = "added and required, which refuses rows written without it" if refuses else "added"
            text = f"column {new.name} of {after.dataset} is {how}"
            yield said.of(new.name, "added", text, breaking=refuses, at=new)


class _Saying:
    """Makes the changes of one contract."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    def of(
        self,
        column: str | None,
        kind: ChangeKind,
        sentence: str,
        *,
        breaking: bool,
        at: ContractColumn | None = None,
    ) -> ContractChange:
        """`at` is the column of the new contract that shows the change; without it, the contract itself does."""
        made_here = at is not None and at.made_at is not None and kind in _MADE_BY_QUERY
        return ContractChange(
            dataset=self.contract.dataset,
            column=column,
            kind=kind,
            breaking=breaking,
            sentence=sentence,
            path=self.contract.path if made_here else (at and at.path) or self.contract.path,
            line=(at.made_at if made_here else at.line) if at else self.contract.line,
        )


_MADE_BY_QUERY: frozenset[ChangeKind] = frozenset({"dropped", "renamed", "retyped", "widened"})
"""What a change of the query does, whatever a description says of the column."""


def _where_it_was(column: ContractColumn, before: Contract, after: Contract) -> ContractColumn | None:
    """The column itself, whose line of the base says where it stood; None where a statement of head took it away."""
    if column.made_at is not None:
        return column
    is_altered = before.declared_by == "sql" and (before.path, before.line) != (after.path, after.line)
    return column if column.line is not None and before.path == after.path and not is_altered else None


def _renamed(before: Contract, after: Contract) -> dict[str, ContractColumn]:
    """The new column of each old one that only changed its name: by its definition, else by its place and type."""
    gone = [column for column in before.columns if after.column(column.name) is None]
    fresh = [column for column in after.columns if before.column(column.name) is None]
    found: dict[str, ContractColumn] = {}
    for is_same in (_same_definition, _same_place(before, after)):
        for old in gone:
            candidates = [new for new in fresh if new not in found.values() and is_same(old, new)]
            # Two equal candidates are no answer.
            if old.name not in found and len(candidates) == 1:
                found[old.name] = candidates[0]
    return found


def _same_definition(old: ContractColumn, new: ContractColumn) -> bool:
    """Whether two columns are computed alike, or described alike in all that is said of them."""
    if old.expression and new.expression:
        return old.expression == new.expression
    told = bool(old.description) and old.type is not None
    return told and _facts(old) == _facts(new)


def _facts(column: ContractColumn) -> object:
    return column.model_copy(
        update={"name": "", "path": None, "line": None, "expression": None, "made_at": None}
    )


def _same_place(before: Contract, after: Contract) -> Callable[[ContractColumn, ContractColumn], bool]:
    """Whether one column took the place of another among as many columns, and its type does not say otherwise."""
    old_place = {column.name: number for number, column in enumerate(before.columns)}
    new_place = {column.name: number for number, column in enumerate(after.columns)}
    as_many = len(before.columns) == len(after.columns)

    def is_same(old: ContractColumn, new: ContractColumn) -> bool:
        may_be = not old.type or not new.type or compare_types(old.type, new.type) == "equal"
        return as_many and may_be and old_place[old.name] == new_place[new.name]

    return is_same


def _of_column(old: ContractColumn, new: ContractColumn, said: _Saying) -> Iterator[ContractChange]:
    name = f"column {new.name} of {said.contract.dataset}"
    if old.made_as == new.made_as:
        # The query casts it as before: another type is what is declared of it.
        new = new.model_copy(update={"made_at": None})

    def change(kind: ChangeKind, text: str, *, breaking: bool) -> ContractChange:
        breaking = breaking and not (kind == "tightened" and said.contract.is_check)
        return said.of(old.name, kind, f"{name} {text}", breaking=breaking, at=new)

    if old.type and new.type and (relation := compare_types(old.type, new.type)) != "equal":
        how = {"wider": ", which is wider", "narrower": ", which is narrower"}.get(relation, "")
        yield change(
            "widened" if relation == "wider" else "retyped",
            f"changes its type from {old.type} to {new.type}{how}",
            breaking=relation != "wider",
        )
    elif old.made_as and new.made_as and compare_types(old.made_as, new.made_as) not in ("equal", "wider"):
        yield change("retyped", f"is cast to {new.made_as} instead of {old.made_as}", breaking=True)
    elif _becomes_text(old, new):
        yield change("retyped", f"becomes {new.made_as}, which is text", breaking=True)
    elif old.logical_type and new.logical_type and old.logical_type != new.logical_type:
        yield change(
            "retyped",
            f"changes its logical type from {old.logical_type} to {new.logical_type}",
            breaking=True,
        )
    for before, after, word in (
        (old.required, new.required, "required"),
        (old.unique, new.unique, "unique"),
    ):
        if after and not before:
            yield change("tightened", f"becomes {word}", breaking=True)
        if before and not after:
            yield change("loosened", f"is no longer {word}", breaking=False)
    yield from _of_values(old, new, change)
    yield from _of_range(old, new, change)
    if added := [rule for rule in new.rules if rule not in old.rules]:
        yield change("tightened", f"must now meet '{added[0]}'", breaking=True)
    elif gone := [rule for rule in old.rules if rule not in new.rules]:
        yield change("loosened", f"need no longer meet '{gone[0]}'", breaking=False)
    if old.description != new.description:
        yield change("described", "is described anew", breaking=False)


_TEXT = re.compile(r"(?:n?var)?char(?:acter varying)?|n?text|string", re.IGNORECASE)


def _becomes_text(old: ContractColumn, new: ContractColumn) -> bool:
    """Whether the same value is now cast to text, so that it no longer compares and adds up as it did."""
    if not old.expression or not new.expression or not new.made_as or not _TEXT.match(new.made_as):
        return False
    return new.expression.casefold().startswith(f"cast({old.expression} as ".casefold())


def _of_values(old: ContractColumn, new: ContractColumn, change: _Change) -> Iterator[ContractChange]:
    if old.allowed == new.allowed:
        return
    if new.allowed is None:
        yield change("loosened", "allows every value", breaking=False)
    elif old.allowed is None:
        yield change("tightened", f"allows only {', '.join(new.allowed)}", breaking=True)
    elif lost := [value for value in old.allowed if value not in new.allowed]:
        yield change("tightened", f"no longer allows {', '.join(lost)}", breaking=True)
    elif more := [value for value in new.allowed if value not in old.allowed]:
        yield change("loosened", f"also allows {', '.join(more)}", breaking=False)


def _of_range(old: ContractColumn, new: ContractColumn, change: _Change) -> Iterator[ContractChange]:
    for word, before, after, sign in (
        ("minimum", old.minimum, new.minimum, 1),
        ("maximum", old.maximum, new.maximum, -1),
    ):
        if before == after:
            continue
        if after is None:
            yield change("loosened", f"has no {word} any more", breaking=False)
        elif before is None:
            yield change("tightened", f"gets the {word} {after}", breaking=True)
        else:
            tighter = _order(after, before) * sign > 0
            yield change(
                "tightened" if tighter else "loosened",
                f"changes its {word} from {before} to {after}",
                breaking=tighter,
            )


def _order(one: Bound, other: Bound) -> int:
    if isinstance(one, str) or isinstance(other, str):
        # Dates in ISO form are in order as text.
        return (str(one) > str(other)) - (str(one) < str(other))
    return (one > other) - (one < other)
