"""What a change means for the dependencies of a repository: new packages, their licences, their vulnerabilities."""

import re
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, metadata

from meta_pipeline.delivery.context import DependencyAudit, Vulnerability
from meta_pipeline.delivery.dependencies.package_change import PackageChange
from meta_pipeline.delivery.dependencies.packages import package_changes
from meta_pipeline.delivery.tree import Tree

LookUp = Callable[[list[tuple[str, str]], str], tuple[Vulnerability, ...] | str]


def audited(
    audit: DependencyAudit, base: Tree, head: Tree, source: str | None, look_up: LookUp
) -> DependencyAudit:
    """`audit` with what the change from `base` to `head` does to the packages, looked up at `source` if one is set."""
    packages = package_changes(base, head)
    come = [one for one in packages if one.after is not None and one.registry == "pypi"]
    known: dict[str, object] = {
        "packages": packages,
        "summary": audit.summary + _summary(packages),
        "licences": {one.name: said for one in packages if one.is_new and (said := licence_of(one))},
    }
    pins = [(one.name, one.after) for one in come if one.after is not None]
    if not pins:
        return audit.model_copy(update=known)
    if source is None:
        known["not_looked_up"] = (
            "no source of vulnerabilities is configured; set 'vulnerabilities' in the settings to one"
        )
        return audit.model_copy(update=known)
    answer = look_up(pins, source)
    if isinstance(answer, str):
        return audit.model_copy(update={**known, "not_looked_up": answer, "lookup_failed": True})
    return audit.model_copy(update={**known, "vulnerabilities": answer, "looked_up_at": source})


def licence_of(package: PackageChange) -> str | None:
    """The licence that an installed release of a PyPI package states; None where none is installed or stated."""
    if package.registry != "pypi":
        return None
    try:
        said = metadata(package.name).json
    except (PackageNotFoundError, ValueError):
        return None
    classifiers = said.get("classifier") or []
    classified = [line.rsplit(" :: ", 1)[-1] for line in classifiers if line.startswith("License :: ")]
    stated = str(said.get("license_expression") or ", ".join(classified) or said.get("license") or "")
    return re.sub(r"\s+", " ", stated.strip().split("\n")[0])[:80] or None


def _summary(packages: tuple[PackageChange, ...]) -> str:
    """What the change at hand does to the packages, in one sentence that follows the others."""
    new = [one.name for one in packages if one.is_new]
    moved = sum(not one.is_new and one.after is not None for one in packages)
    gone = sum(one.after is None and not one.is_new for one in packages)
    if not packages:
        return ""
    listed = ", ".join(new[:10]) + (f" and {len(new) - 10} more" if len(new) > 10 else "")
    return f" The change brings in {listed or 'no package'}; {moved} take another release and {gone} go away."
