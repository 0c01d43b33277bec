"""DSN005: what a change brings in from others is known, and nothing bad is known of it."""

import re
from collections.abc import Iterator
from typing import ClassVar

from meta_pipeline.delivery.context import DependencyAudit, Vulnerability
from meta_pipeline.delivery.dependencies.package_change import PackageChange
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import Weighed, weigh, weighed
from meta_pipeline.policy import Policy

_COPYLEFT = re.compile(
    r"\bA?GPL|Affero|GNU General Public|\bSSPL|Server Side Public|\bBUSL|Business Source", re.IGNORECASE
)
_LESSER = re.compile(r"\bLGPL|Lesser", re.IGNORECASE)


class DependencyRisk(Gate):
    """What a change brings in from others is known, and nothing bad is known of it.

    Every package that is new is named, with the licence that is known of it, and is told apart by whether it was asked
    for or came along with another. A release with a known vulnerability is refused, and a licence that asks for more
    than a mention needs a person. Where no source of vulnerabilities answers, that is said: what was not looked up is
    never called free of them.
    """

    id: ClassVar[str] = "DSN005"
    name: ClassVar[str] = "dependency-risk"
    stage: ClassVar[StageId] = "design"
    subject: ClassVar[str] = "plan"
    needs: ClassVar[tuple[str, ...]] = ("audit",)

    def judge(self, case: Case) -> Opinion:
        assert case.audit is not None
        audit = case.audit
        come = [one for one in audit.packages if one.after is not None or one.is_new]
        if not come:
            return self.passed("the change brings in no package and no other release of one")
        if audit.lookup_failed:
            return self.could_not_run(
                f"vulnerabilities were not looked up: {audit.not_looked_up}",
                findings=[one.finding for one in _licences(audit)],
            )
        found = [*_vulnerable(audit), *_licences(audit), *_not_looked_up(audit), *_new(come, audit)]
        return weigh(self, found, _clean(come, audit))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        moved = PackageChange(
            name="requests",
            path="requirements.txt",
            before="2.31.0",
            after="2.32.3",
            is_new=False,
            direct=True,
        )
        new = moved.model_copy(
            update={"name": "example-loader", "before": None, "after": "1.4.0", "is_new": True}
        )
        source = "https://osv.example.com/v1/query"
        bad = Vulnerability(
            package="requests", version="2.32.3", id="GHSA-0000-0000-0000", fixed_in=("2.32.4",)
        )
        return (
            Example("no dependency changes", _case(), "passed", "no package"),
            Example(
                "a release that nothing is known against",
                _case(moved, looked_up_at=source),
                "passed",
                "osv.example",
            ),
            Example(
                "nothing was looked up",
                _case(moved, not_looked_up="no source of vulnerabilities is configured"),
                "warned",
                "were not looked up",
            ),
            Example(
                "a new package", _case(new, looked_up_at=source), "warned", "example-loader 1.4.0 is new"
            ),
            Example(
                "a known vulnerability",
                _case(moved, looked_up_at=source, vulnerabilities=(bad,)),
                "failed",
                "GHSA-0000-0000-0000",
            ),
            Example(
                "a licence that asks for the source of all that uses it",
                _case(new, looked_up_at=source, licences={"example-loader": "AGPL-3.0-only"}),
                "needs_approval",
                "AGPL-3.0-only",
            ),
            Example(
                "the source does not answer",
                _case(moved, not_looked_up="pip-audit got no answer", lookup_failed=True),
                "could_not_run",
                "got no answer",
            ),
        )


def _case(*packages: PackageChange, **fields: object) -> Case:
    given = {"requirements": digest("requirements"), "manifests": (), "unlocked": (), "summary": "", **fields}
    return Case(Policy(), audit=DependencyAudit.model_validate({**given, "packages": packages}))


def _vulnerable(audit: DependencyAudit) -> Iterator[Weighed]:
    paths = {one.name: one.path for one in audit.packages}
    for one in audit.vulnerabilities:
        mends = (
            f"take {one.fixed_in[0]} or newer" if one.fixed_in else "take another release, or another package"
        )
        yield weighed(
            "failed",
            f"{one.package} {one.version} has a known vulnerability, {one.id}",
            mends,
            path=paths.get(one.package),
        )


def _licences(audit: DependencyAudit) -> Iterator[Weighed]:
    for one in audit.packages:
        licence = audit.licences.get(one.name, "")
        if one.is_new and _COPYLEFT.search(licence) and not _LESSER.search(licence):
            yield weighed(
                "needs_approval",
                f"{one.name} is under {licence}, which may bind what uses it",
                "have a person who knows the rules of your house agree to it, or take another package",
                path=one.path,
            )


def _not_looked_up(audit: DependencyAudit) -> Iterator[Weighed]:
    if audit.not_looked_up is not None:
        yield weighed(
            "warned",
            f"known vulnerabilities of what is new were not looked up: {audit.not_looked_up}",
            "set a source in the operator's settings, or look them up by hand",
        )


def _new(come: list[PackageChange], audit: DependencyAudit) -> Iterator[Weighed]:
    for one in come:
        if one.is_new and one.direct:
            licence = audit.licences.get(one.name)
            yield weighed(
                "warned",
                f"{one.name} {one.after or 'of any release'} is new, under "
                + (licence or "a licence that is not known here"),
                "make sure that it is the package you mean, by its exact name",
                path=one.path,
            )
    along = [one for one in come if one.is_new and not one.direct]
    if along:
        names = ", ".join(f"{one.name} {one.after or ''}".strip() for one in along[:10])
        more = f" and {len(along) - 10} more" if len(along) > 10 else ""
        yield weighed(
            "warned",
            f"{len(along)} packages come along with others: {names}{more}",
            "look whether you want them all",
        )


def _clean(come: list[PackageChange], audit: DependencyAudit) -> str:
    where = f"; nothing is known against them at {audit.looked_up_at}" if audit.looked_up_at else ""
    return f"{len(come)} packages take another release{where}"
