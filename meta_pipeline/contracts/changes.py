"""The contracts that a change touches, each before and after."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from meta_pipeline.contracts.declared import Compared, Declarations, Declared
from meta_pipeline.contracts.formats import FORMATS
from meta_pipeline.contracts.places import is_contract
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.contract import Contract
from meta_pipeline.delivery.yaml_source import Unreadable
from meta_pipeline.schedulers.dbt.project import project_folders

BUILDS = (".sql", ".py", ".csv", ".yml", ".yaml")
"""How the names of files end that dbt builds something of, or that say how."""


@dataclass(frozen=True)
class ContractsOfChange:
    """What a change does to contracts; `patterns` are the policy's, which name files that are contracts."""

    change: Change
    patterns: tuple[str, ...]

    @classmethod
    def of(cls, change: Change, patterns: tuple[str, ...]) -> "ContractsOfChange":
        """Those of a change, which all who ask for them share."""
        return change.shared(("contracts", patterns), lambda: cls(change, patterns))

    @property
    def touched(self) -> tuple[Compared, ...]:
        """Each dataset that has a contract on both sides and whose files changed."""
        # Gates ask from several threads, and what a model is made of is found out by one of them alone.
        return self.change.shared(
            ("touched", self.patterns), lambda: (*self._touched_files(), *self._touched_models())
        )

    def broken(self) -> tuple[Unreadable, ...]:
        """The contract files that could be read before the change and cannot be after it."""
        declared = {contract.path for contract in self._base.contracts}
        return tuple(error for error in self._head.unreadable if error.path in declared)

    def removed(self) -> tuple[Contract, ...]:
        """The contracts that go from a file that the policy names, or a usual one, while the file or dbt model stays.

        A deleted file, a removed model, and a file that can no longer be read are not among them.
        """
        gone = [c for c in self._gone() if is_contract(c.path, self.patterns) and c.path in self._kept]
        return (*gone, *self._undescribed_models())

    def undeclared(self) -> tuple[Contract, ...]:
        """The schemas that go from any other file, with the file or without it.

        A check of data is no promise, and a table that a statement drops is its removal.
        """
        return tuple(
            contract
            for contract in self._gone()
            if not is_contract(contract.path, self.patterns)
            and not contract.is_check
            and contract.path in self._changed
        )

    @cached_property
    def _changed(self) -> frozenset[str]:
        return frozenset(
            file.path
            for file in self.change.files
            if any(kind.claims(file.path, self.patterns) for kind in FORMATS)
        )

    @cached_property
    def _kept(self) -> frozenset[str]:
        unreadable = {error.path for error in self._head.unreadable}
        return frozenset(file.path for file in self.change.files if file.new is not None) - unreadable

    @cached_property
    def _base(self) -> Declared:
        return Declarations(self.change.base, self.patterns).of(self._changed)

    @cached_property
    def _head(self) -> Declared:
        return Declarations(self.change.head, self.patterns).of(self._changed)

    @cached_property
    def _pairs(self) -> tuple[tuple[Contract, Contract | None], ...]:
        """Each contract of the base with the head's: of the same file, else of the same name, else of equal columns."""
        same = {(c.declared_by, c.path, c.dataset): c for c in self._head.contracts}
        moved = {(c.declared_by, c.dataset): c for c in self._head.contracts}
        known = {(c.declared_by, c.dataset) for c in self._base.contracts}
        fresh = [c for c in self._head.contracts if (c.declared_by, c.dataset) not in known]
        return tuple(
            (
                before,
                same.get((before.declared_by, before.path, before.dataset))
                or moved.get((before.declared_by, before.dataset))
                or next((after for after in fresh if _as_columns(after) == _as_columns(before)), None),
            )
            for before in self._base.contracts
        )

    def _touched_files(self) -> Iterator[Compared]:
        for before, after in self._pairs:
            # Files are read with others of their folder, which may be as they were.
            if after is not None and (after.path in self._changed or before != after):
                yield Compared(before, after)

    def _gone(self) -> Iterator[Contract]:
        unreadable = {error.path for error in self._head.unreadable}
        return (before for before, after in self._pairs if after is None and before.path not in unreadable)

    @cached_property
    def _is_in_dbt(self) -> bool:
        """Whether a file changed that a dbt project may build, or that says how."""
        folders = project_folders(self.change.base)
        return any(
            file.path.endswith(BUILDS) and (folder == "." or file.path.startswith(f"{folder}/"))
            for file in self.change.files
            for folder in folders
        )

    def _touched_models(self) -> Iterator[Compared]:
        if not self._is_in_dbt:
            return iter(())
        # It loads parsers of SQL and of templates.
        from meta_pipeline.contracts.dbt_changes import touched_models

        return touched_models(self.change)

    def _undescribed_models(self) -> Iterator[Contract]:
        if not self._is_in_dbt:
            return iter(())
        from meta_pipeline.contracts.dbt_changes import undescribed_models

        return undescribed_models(self.change)


def _as_columns(contract: Contract) -> tuple[object, ...]:
    return (
        contract.declared_by,
        *(
            column.model_copy(update={"line": None, "path": None, "made_at": None})
            for column in contract.columns
        ),
    )
