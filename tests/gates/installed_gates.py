"""Packages with gates of their own, as an installer would have laid them down in a folder on the path."""

from pathlib import Path

from tests.conftest import ROOT

_PAGE = (ROOT / "docs/operators/gates.md").read_text(encoding="utf-8")

OWNED = _PAGE.split("```python\n")[1].split("```")[0]
"""The module of the operators' page, which holds one whole gate."""


def install(site: Path, name: str, source: str, points: str, version: str = "1.2") -> None:
    """Lay down the distribution `name`: one module of the same name, and the lines of its entry points."""
    module = name.replace("-", "_")
    info = site / f"{module}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[meta_pipeline.gates]\n{points}\n")
    (site / f"{module}.py").write_text(source)
