"""The contracts that a change touches, each before and after."""

from collections.abc import Iterator

from meta_pipeline.contracts.dbt import Compared, Model, Models, compared, dbt_models, declared_contract
from meta_pipeline.contracts.odcs import read_odcs
from meta_pipeline.contracts.places import is_contract
from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.contract import Contract
from meta_pipeline.delivery.tree import FileChange
from meta_pipeline.delivery.yaml_source import Unreadable

_BUILDS = (".sql", ".py", ".csv", ".yml", ".yaml")


def touched_contracts(change: Change, patterns: tuple[str, ...]) -> tuple[Compared, ...]:
    """Each dataset that has a contract on both sides and whose files changed; `patterns` are the policy's."""
    return (*_of_files(change, patterns), *_of_models(change))


def broken_contracts(change: Change, patterns: tuple[str, ...]) -> tuple[Unreadable, ...]:
    """The contract files that could be read before the change and cannot be after it."""
    found = []
    for file in _contract_files(change, patterns):
        if file.old is not None and file.new is not None:
            after = _read(file.new, file.path)
            if isinstance(after, Unreadable) and not isinstance(_read(file.old, file.path), Unreadable):
                found.append(after)
    return tuple(found)


def removed_contracts(change: Change, patterns: tuple[str, ...]) -> tuple[Contract, ...]:
    """The contracts that go while the file or the model that they stand in, or describe, stays.

    A deleted file, a removed model, and a file that can no longer be read are not among them.
    """
    files = _contract_files(change, patterns)
    after = {contract.dataset for file in files for contract in _contracts(file.new, file.path)}
    gone = [
        contract
        for file in files
        if file.new is not None and not isinstance(_read(file.new, file.path), Unreadable)
        for contract in _contracts(file.old, file.path)
        if contract.dataset not in after
    ]
    return (*gone, *_undescribed(change))


def _contract_files(change: Change, patterns: tuple[str, ...]) -> list[FileChange]:
    return [file for file in change.files if is_contract(file.path, patterns)]


def _read(data: bytes, path: str) -> tuple[Contract, ...] | Unreadable:
    return read_odcs(data.decode("utf-8", errors="replace"), path)


def _contracts(data: bytes | None, path: str) -> tuple[Contract, ...]:
    found = _read(data, path) if data is not None else ()
    return () if isinstance(found, Unreadable) else found


def _of_files(change: Change, patterns: tuple[str, ...]) -> Iterator[Compared]:
    files = _contract_files(change, patterns)
    new = {
        (contract.path, contract.dataset): contract
        for file in files
        for contract in _contracts(file.new, file.path)
    }
    moved = {contract.dataset: contract for contract in new.values()}
    for file in files:
        for before in _contracts(file.old, file.path):
            after = new.get((file.path, before.dataset)) or moved.get(before.dataset)
            if after is not None:
                yield Compared(before, after)


def _of_models(change: Change) -> Iterator[Compared]:
    for base, head in _projects(change):
        for name in sorted(base.all.keys() & head.all.keys()):
            old, new = base.all[name], head.all[name]
            if old.text == new.text and _promise(old) == _promise(new):
                continue
            # What goes away as a whole is a removal, and nobody else reads what is not public.
            if old.is_public and new.is_public:
                yield compared(name, base, head)


def _promise(model: Model) -> Contract:
    """What the YAML says of a model, wherever it says it."""
    contract = declared_contract(model)
    columns = tuple(column.model_copy(update={"line": None}) for column in contract.columns)
    return contract.model_copy(update={"path": "", "line": None, "columns": columns})


def _undescribed(change: Change) -> Iterator[Contract]:
    """The entries with columns that go from dbt YAML while their model stays."""
    for base, head in _projects(change):
        for name, old in base.all.items():
            new = head.all.get(name)
            if new is not None and old.entry is not None and old.declared and new.entry is None:
                yield declared_contract(old)


def _projects(change: Change) -> Iterator[tuple[Models, Models]]:
    """The dbt projects that are on both sides, by folder, and that have a changed file."""
    paths = [file.path for file in change.files if file.path.endswith(_BUILDS)]
    if not paths:
        return
    head = {models.project.folder: models for models in dbt_models(change.head)}
    for base in dbt_models(change.base):
        folder = base.project.folder
        if folder in head and any(folder == "." or path.startswith(f"{folder}/") for path in paths):
            yield base, head[folder]
