"""Which packages a change brings in, and what is known of them."""

from meta_pipeline.delivery.context import DependencyAudit, Vulnerability
from meta_pipeline.delivery.dependencies.packages import package_changes
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.tree import MemoryTree
from meta_pipeline.issues.dependency_audit import audited

AUDIT = DependencyAudit(requirements=digest("requirements"), manifests=(), unlocked=(), summary="")
LOCKED = '[[package]]\nname = "{}"\nversion = "{}"\nsource = {{ registry = "packages.example.com" }}\n'
PROJECT = '[project]\nname = "sales"\ndependencies = [{}]\n'


def tree(wanted: str, *locked: tuple[str, str]) -> MemoryTree:
    lock = "".join(LOCKED.format(name, version) for name, version in locked)
    return MemoryTree.of({"pyproject.toml": PROJECT.format(wanted), "uv.lock": lock})


def nothing(pins: list[tuple[str, str]], source: str) -> tuple[Vulnerability, ...]:
    """A source that knows nothing against anybody."""
    return ()


def silence(pins: list[tuple[str, str]], source: str) -> str:
    """A source that does not answer."""
    return "no answer"


BASE = tree('"pandas>=2"', ("pandas", "2.2.3"))
HEAD = tree(
    '"pandas>=2", "pydantic>=2"', ("pandas", "2.3.0"), ("pydantic", "2.11.0"), ("annotated-types", "0.7.0")
)


def test_what_is_asked_for_is_told_apart_from_what_comes_along() -> None:
    found = {
        one.name: (one.before, one.after, one.is_new, one.direct)
        for one in package_changes(BASE, HEAD)
        if one.after
    }

    assert found == {
        "pandas": ("2.2.3", "2.3.0", False, True),
        "pydantic": (None, "2.11.0", True, True),
        "annotated-types": (None, "0.7.0", True, False),
    }


def test_without_a_source_nothing_is_called_free_of_vulnerabilities() -> None:
    audit = audited(AUDIT, BASE, HEAD, None, nothing)

    assert audit.looked_up_at is None
    assert audit.not_looked_up is not None
    assert audit.licences["pydantic"] == "MIT"
    assert audit.summary.endswith(
        "The change brings in annotated-types, pydantic; 1 take another release and 0 go away."
    )


def test_the_exact_releases_are_looked_up() -> None:
    asked: list[tuple[str, str]] = []
    bad = Vulnerability(package="pandas", version="2.3.0", id="GHSA-0000-0000-0000")

    def look_up(pins: list[tuple[str, str]], source: str) -> tuple[Vulnerability, ...]:
        asked.extend(pins)
        return (bad,)

    audit = audited(AUDIT, BASE, HEAD, "https://osv.example.com/v1/query", look_up)

    assert sorted(asked) == [("annotated-types", "0.7.0"), ("pandas", "2.3.0"), ("pydantic", "2.11.0")]
    assert audit.vulnerabilities == (bad,)
    assert audit.looked_up_at == "https://osv.example.com/v1/query"


def test_a_source_that_fails_is_told_as_such() -> None:
    audit = audited(AUDIT, BASE, HEAD, "https://osv.example.com/v1/query", silence)

    assert audit.lookup_failed
    assert audit.not_looked_up == "no answer"


def test_a_change_without_manifests_has_no_packages() -> None:
    assert audited(AUDIT, BASE, BASE, None, nothing) == AUDIT
