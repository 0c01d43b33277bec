"""The packages that a repository asks for, and whether an import finds one of them."""

import re
from functools import lru_cache

from meta_pipeline.delivery.tree import Tree

_MANIFEST = re.compile(
    r"(?:.*/)?(?:[^/]*requirements[^/]*\.(?:txt|in|lock)|requirements/[^/]+\.txt|pyproject\.toml|setup\.(?:py|cfg)"
    r"|Pipfile|uv\.lock|poetry\.lock|pylock\.toml|environment\.ya?ml)"
)
_FIRST_ON_LINE = re.compile(rb"^[ \t]*(?:- )?[ \t]*[\"']?([A-Za-z][\w.-]*)", re.MULTILINE)
_LOCKED = re.compile(rb"^name = \"([^\"\n]+)\"", re.MULTILINE)
_QUOTED = re.compile(rb"[\"']([A-Za-z][\w.-]*)(?:\[[\w, -]*\])?\s*(?:[=~<>!]=?[^\"'\n]*)?[\"']")

_OF_MODULE = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cosmos": "astronomer-cosmos",
    "Crypto": "pycryptodome",
    "cv2": "opencv-python",
    "dagfactory": "dag-factory",
    "git": "gitpython",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "pkg_resources": "setuptools",
    "psycopg2": "psycopg2-binary",
    "sklearn": "scikit-learn",
    "snowflake.connector": "snowflake-connector-python",
    "yaml": "pyyaml",
}
"""The packages whose name cannot be told from that of their module; what is not here, and not alike, stays open."""


def packages(tree: Tree) -> frozenset[str]:
    """The names in the dependency manifests and locks, as indexes compare them.

    Other words of these files may be among them, which are names of no module.
    """
    return frozenset(
        name
        for path, entry in tree.entries().items()
        if _MANIFEST.fullmatch(path)
        for name in _named_in(tree.read(path) or b"", entry.content)
    )


@lru_cache(maxsize=1024)
def _named_in(data: bytes, content: str) -> frozenset[str]:
    found = (name for pattern in (_FIRST_ON_LINE, _LOCKED, _QUOTED) for name in pattern.findall(data))
    return frozenset(_normal(name.decode()) for name in found)


def brings(installed: frozenset[str], module: str, within: str = "") -> bool:
    """Whether one of the packages surely brings `module`, a dotted name.

    A package is found by the name of the module or of one around it (`google.cloud.bigquery` by
    `google-cloud-bigquery`), also with what names often have more (`python-dateutil`). A module without such a package
    may be there all the same, as packages call their modules as they like: a lock never says that an import fails.
    Of a module `within` another, the package of that other one says nothing.
    """
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        around = ".".join(parts[:end])
        if around == within:
            continue
        name = _normal(around)
        known = (name, f"apache-{name}", f"python-{name}", f"py{name}", _OF_MODULE.get(around, name))
        if not installed.isdisjoint(known):
            return True
    return False


def brings_part(installed: frozenset[str], module: str, within: str) -> bool:
    """Whether a package that plugs into another one surely brings `module`, which may need an optional package.

    Such a part is called for what it needs, as `toolsets.sql` or `hooks.snowflake`: that word must be in the name of
    one of the packages.
    """
    words = {word for name in installed for word in name.split("-")}
    called = {word for part in module.lower().split(".")[-2:] for word in part.split("_")}
    return brings(installed, module, within) and not words.isdisjoint(called)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
