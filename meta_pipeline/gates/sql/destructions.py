"""SQL statements that destroy data, found in SQL files and in the string literals of Python."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from meta_pipeline.gates.sql.pieces import blank, sql_pieces, without_comments

WORTH_PARSING = re.compile(r"\b(drop|truncate|delete)\b", re.IGNORECASE)
"""A word of every statement that destroys data."""
_SURELY_SQL = re.compile(
    r"\b(drop\s+(table|schema|database|column)|truncate\s+table|delete\s+from)\b", re.IGNORECASE
)
_PASSING = re.compile(r"(^|[._])(tmp|temp)_|_(tmp|temp)$", re.IGNORECASE)
_UNREADABLE = (
    (
        "DROP",
        re.compile(
            r"\bdrop\s+(?:table|schema|database)\s+(?:if\s+exists\s+)?(?!if\b)([\w.\"`\[\]]+)", re.IGNORECASE
        ),
    ),
    ("TRUNCATE", re.compile(r"\btruncate\s+table\s+([\w.\"`\[\]]+)", re.IGNORECASE)),
    ("DELETE without WHERE", re.compile(r"\bdelete\s+from\s+([\w.\"`\[\]]+)\s*(?:;|\Z)", re.IGNORECASE)),
)
_WRITES = re.compile(
    r"\b(?:create\s+(?:or\s+replace\s+)?table(?:\s+if\s+not\s+exists)?|insert\s+(?:into|overwrite)(?:\s+table)?)"
    r"\s+([\w.\"`\[\]]+)",
    re.IGNORECASE,
)


_ADDS = re.compile(
    r"\b(?:insert\s+into(?:\s+table)?|create\s+table\s+if\s+not\s+exists)\s+([\w.\"`\[\]]+)", re.IGNORECASE
)
_ANEW = re.compile(
    r"\b(?:create\s+(?:or\s+replace\s+)?(?:temp\w*\s+|transient\s+)?table(?!\s+if\s+not)|insert\s+overwrite(?:\s+table)?)"
    r"\s+([\w.\"`\[\]]+)",
    re.IGNORECASE,
)
_MAY_ADD = re.compile(r"\binsert\s+into\b|\bif\s+not\s+exists\b", re.IGNORECASE)
_MAY_UPDATE = re.compile(r"\bupdate\s", re.IGNORECASE)
_UPDATE = re.compile(r"\bupdate\s+([\w.\"`\[\]]+)(?:\s+(?:as\s+)?\w+)?\s+set\b", re.IGNORECASE)
_LIMITED = re.compile(r"\bwhere\b|\bfrom\b|\bjoin\b", re.IGNORECASE)
_BEGINS = re.compile(
    r"\s*(?:drop\s+table(?:\s+if\s+exists)?|truncate\s+table|delete\s+from)\s+[\w.\"`\[\]]+\s*(?:cascade\s*)?(?:;|\Z)",
    re.IGNORECASE,
)
"""How a string of Python begins that is a statement and no sentence."""
_HOOK = re.compile(r"\b(?:pre|post)[-_]hook\s*=\s*(?:\[[^\]]*\]|\"[^\"]*\"|'[^']*')", re.DOTALL)
_OF_THIS = re.compile(
    r"\b(drop\s+(?:table|view)(?:\s+if\s+exists)?|truncate(?:\s+table)?|delete\s+from)\s+\{\{\s*this\s*\}\}(?!\w|\s+where)",
    re.IGNORECASE,
)
_THIS = "the model's own table"
_DESTROYS = (
    r"(?P<verb>drop\s+(?:table|schema|database)(?:\s+if\s+exists)?|truncate(?:\s+table)?|delete\s+from)\b"
)
_QUOTED = re.compile(
    rf"(?P<quote>['\"])\s*{_DESTROYS}\s*(?P<rest>(?:(?!(?P=quote)).)*)(?P=quote)(?P<more>\s*~)?",
    re.IGNORECASE | re.DOTALL,
)
"""A text of Jinja that is a statement: a hook, or what a macro runs."""
_HOOK_KEY = r"[\"']?\+?(?:(?:pre|post)[-_]hook|on-run-(?:start|end)|sql)[\"']?:[ \t]*"
_IN_YAML = re.compile(
    rf"^[ \t]*(?:-[ \t]*)?(?:{_HOOK_KEY})?\[?[\"']?[ \t]*{_DESTROYS}[ \t]*(?P<rest>[^\n;]*)(?P<more>)",
    re.IGNORECASE | re.MULTILINE,
)
_HOOKS_OF_YAML = re.compile(r"\b(?:pre|post)[-_]hook\b|\bon-run-(?:start|end)\b")
_DROPS_SCHEMA = re.compile(r"\badapter\.drop_schema\s*\(\s*([\w.]+)?", re.IGNORECASE)
_COMMENT_OF_JINJA = re.compile(r"\{#.*?#\}", re.DOTALL)
_ONLY_THIS = re.compile(r"\{\{\s*this\s*\}\}(?![\w_])")


@dataclass(frozen=True, slots=True)
class Destruction:
    """A statement that destroys data: `verb` of `table`, at `line` of the text (counted from 1).

    `refilled`: the same file, or the model whose hook it is, fills the table again.
    """

    verb: str
    table: str
    line: int
    refilled: bool = False


def new_destructions(path: str, old: str | None, new: str | None) -> tuple[Destruction, ...]:
    """What the new text of a file destroys and the old one does not, in the order of the lines.

    What the file fills again counts where the old text added to it without emptying it: its former rows go.
    """
    known = Counter((d.verb, d.table) for d in _every(path, old or ""))
    found = [*_lost_conditions(path, old or "", new or "")]
    kept = _gathered(path, old or "")
    for destruction in _every(path, new or ""):
        key = (destruction.verb, destruction.table)
        if known[key]:
            known[key] -= 1
        elif not destruction.refilled or destruction.table in kept:
            found.append(destruction)
    return tuple(sorted(found, key=lambda d: d.line))


def destructions(path: str, text: str) -> tuple[Destruction, ...]:
    """Every statement of the file that destroys data which the file does not itself write anew."""
    return tuple(d for d in _every(path, text) if not d.refilled)


def _every(path: str, text: str) -> tuple[Destruction, ...]:
    found = [*_of_statements(path, text), *_of_hooks(path, text)]
    told = {(d.verb, d.line) for d in found}
    found += [d for d in _of_texts(path, text) if (d.verb, d.line) not in told]
    return tuple(sorted(found, key=lambda d: d.line))


def _of_statements(path: str, text: str) -> tuple[Destruction, ...]:
    pieces = sql_pieces(path, text, _SURELY_SQL) if WORTH_PARSING.search(text) else ()
    if not pieces:
        return ()
    from meta_pipeline.gates.sql.statements import (
        read_statements,
    )  # loads sqlglot; few changes destroy anything

    read = [(piece, read_statements(piece.text)) for piece in pieces]
    written = {table for _, statements in read if statements for table in statements.written}
    written |= {
        _bare(match)
        for piece, statements in read
        if statements is None
        for match in _WRITES.finditer(piece.text)
    }
    found: list[Destruction] = []
    for piece, statements in read:
        if statements is not None:
            here = [
                Destruction(verb, table, line)
                for verb, table, line in statements.destroyed
                if not _PASSING.search(table)
            ]
        else:
            here = list(_of_unreadable(piece.text)) if piece.sure or _BEGINS.match(piece.text) else []
        found += [Destruction(d.verb, d.table, d.line + piece.line - 1, d.table in written) for d in here]
    return tuple(found)


def _of_hooks(path: str, text: str) -> Iterator[Destruction]:
    """What the hooks of a dbt model do to the model's own table."""
    if not path.endswith(".sql") or "hook" not in text:
        return
    for hook in _HOOK.finditer(text):
        for match in _OF_THIS.finditer(hook.group()):
            line = text.count("\n", 0, hook.start() + match.start()) + 1
            yield Destruction(match.group(1).split()[0].upper(), _THIS, line, refilled=True)


def _of_texts(path: str, text: str) -> Iterator[Destruction]:
    """What a dbt file destroys in texts: hooks in YAML and in `config`, and statements that macros run."""
    if not WORTH_PARSING.search(text):
        return
    if path.endswith((".yml", ".yaml")):
        found = _IN_YAML.finditer(re.sub(r"(?m)^\s*#.*$", "", text)) if _HOOKS_OF_YAML.search(text) else ()
    elif path.endswith(".sql") and "{" in text:
        text = without_comments(_COMMENT_OF_JINJA.sub(blank, text))
        found = _QUOTED.finditer(text)
        for call in _DROPS_SCHEMA.finditer(text):
            line = text.count("\n", 0, call.start()) + 1
            yield Destruction("DROP", call.group(1) or "a schema", line)
    else:
        return
    for one in found:
        verb, rest = one["verb"].split()[0].upper(), one["rest"].strip()
        is_limited = re.search(r"\bwhere\b|\busing\b", rest, re.IGNORECASE) or (
            verb == "DELETE" and one["more"]
        )
        name = re.match(r"(?:\{\{.*?\}\}|[\w.\"`\[\]]+)+", rest, re.DOTALL)
        table = re.sub(r"[\"'`{}\[\]]|\s+", "", name.group()) if name else "a table that is computed"
        if _ONLY_THIS.match(rest) or (verb == "DELETE" and is_limited) or _PASSING.search(table):
            continue
        line = text.count("\n", 0, one.start("verb")) + 1
        yield Destruction("DELETE without WHERE" if verb == "DELETE" else verb, table.casefold(), line)


def _gathered(path: str, text: str) -> frozenset[str]:
    """The tables in which a text gathers rows run by run: it adds to them, and nothing of it empties them first."""
    if not _MAY_ADD.search(text):
        return frozenset({_THIS})
    pieces = [without_comments(piece.text) for piece in sql_pieces(path, text, _ADDS)]
    added = {_bare(match) for code in pieces for match in _ADDS.finditer(code)}
    anew = {_bare(match) for code in pieces for match in _ANEW.finditer(code)}
    anew |= {d.table for d in _of_statements(path, text)}
    return frozenset(added - anew | {_THIS})


def _lost_conditions(path: str, old: str, new: str) -> Iterator[Destruction]:
    """An UPDATE of a table that had a WHERE and has none any more."""
    if not _MAY_UPDATE.search(old):
        return
    before, after = _updates(path, old), _updates(path, new)
    limited = Counter(table for table, has_where, _ in before if has_where)
    limited.subtract(table for table, has_where, _ in after if has_where)
    whole = Counter(table for table, has_where, _ in before if not has_where)
    for table, has_where, line in after:
        if has_where:
            continue
        if whole[table]:
            whole[table] -= 1
        elif limited[table] > 0:
            limited[table] -= 1
            yield Destruction("UPDATE without WHERE", table, line)


def _updates(path: str, text: str) -> tuple[tuple[str, bool, int], ...]:
    """The table of each UPDATE, whether it has a WHERE or a join that limits it, and its line."""
    found = []
    for piece in sql_pieces(path, text, _UPDATE) if _MAY_UPDATE.search(text) else ():
        code = without_comments(piece.text)
        for match in _UPDATE.finditer(code):
            end = code.find(";", match.end())
            rest = code[match.end() : end if end >= 0 else len(code)]
            line = piece.line + code.count("\n", 0, match.start())
            found.append((_bare(match), bool(_LIMITED.search(rest)), line))
    return tuple(found)


def _of_unreadable(text: str) -> Iterator[Destruction]:
    """The same by pattern, for SQL that no dialect reads."""
    code = without_comments(text)
    for verb, pattern in _UNREADABLE:
        for match in pattern.finditer(code):
            table = _bare(match)
            if not _PASSING.search(table):
                yield Destruction(verb, table, code.count("\n", 0, match.start()) + 1)


def _bare(match: re.Match[str]) -> str:
    """The table's name without the quotes of any dialect."""
    return re.sub(r"[\"`\[\]]", "", match.group(1)).casefold()
