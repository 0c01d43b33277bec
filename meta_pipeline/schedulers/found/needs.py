"""What code needs of the platform that runs it: Connections, Variables, pools, secrets, environment variables."""

import re
from collections.abc import Iterable, Iterator

from meta_pipeline.delivery.plan import Need, NeedKind
from meta_pipeline.delivery.tree import Tree, text_of

_READ = (".py", ".sql", ".yml", ".yaml", ".j2", ".jinja")
_NAME = r"[\"']([\w.:/ -]+)[\"']"
# A call with a default needs nothing: the closing bracket follows the name.
_ALONE = rf"{_NAME}\s*\)"
_PATTERNS: tuple[tuple[NeedKind, re.Pattern[str]], ...] = (
    ("Connection", re.compile(rf"\b\w*conn_id\s*=\s*{_NAME}")),
    ("Connection", re.compile(rf"\bget_connection\(\s*{_NAME}")),
    ("Connection", re.compile(r"\{\{-?\s*conn\.(\w+)")),
    ("Variable", re.compile(rf"\bVariable\.get\(\s*{_ALONE}")),
    ("Variable", re.compile(r"\bvar\.(?:value|json)\.(?!get\b)([A-Za-z_]\w*)")),
    ("pool", re.compile(rf"\bpool\s*=\s*{_NAME}")),
    ("work pool", re.compile(r"\bwork_pool(?:_name)?\s*=\s*[\"']([\w.-]+)[\"']")),
    ("environment variable", re.compile(rf"\bEnvVar\(\s*{_ALONE}")),
    ("environment variable", re.compile(rf"\b(?:os\.)?(?:environ\.get|getenv|env_var)\(\s*{_ALONE}")),
    ("environment variable", re.compile(rf"\benviron\[\s*{_NAME}\s*\](?!\s*=[^=])")),
    ("block", re.compile(rf"\b(?:Secret|[A-Z]\w+Credentials|[A-Z]\w+Block|Block)\.load\(\s*{_NAME}")),
)


def new_needs(base: Tree, head: Tree, paths: Iterable[str]) -> tuple[Need, ...]:
    """What the files at `paths` need at head and no file of the repository needs at base, each at its first place."""
    wanted: dict[tuple[NeedKind, str], Need] = {}
    for path in sorted(paths):
        for need in _needs_in(path, text_of(head, path) or ""):
            wanted.setdefault((need.kind, need.name), need)
    if not wanted:
        return ()
    for path in base.entries():
        if path.endswith(_READ) and wanted:
            text = text_of(base, path) or ""
            if any(name in text for _, name in wanted):
                for need in _needs_in(path, text):
                    wanted.pop((need.kind, need.name), None)
    return tuple(wanted.values())


def _needs_in(path: str, text: str) -> Iterator[Need]:
    if not path.endswith(_READ):
        return
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield Need(kind=kind, name=match[1], path=path, line=line)
