"""One package that a change of dependencies brings, moves or takes away."""

from meta_pipeline.delivery.model import Frozen


class PackageChange(Frozen):
    """One package of a dependency file before and after; a version is None where there is none, or none is named.

    `direct` is whether a manifest asks for it by name; `registry` is where its name means something: `pypi`, `conda`
    or `dbt`.
    """

    name: str
    path: str
    before: str | None
    after: str | None
    is_new: bool
    direct: bool
    registry: str = "pypi"
