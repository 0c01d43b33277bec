"""The imports of a file: what names they bind, and how one of them is given another name."""

import libcst as cst

from meta_pipeline.authors.recipes.python_source import PythonSource, Splice, dotted


def top_level(source: PythonSource) -> list[cst.BaseSmallStatement]:
    """The simple statements that stand at the top of a module."""
    return [
        small
        for statement in source.module.body
        if isinstance(statement, cst.SimpleStatementLine)
        for small in statement.body
    ]


def bound_names(node: cst.Import | cst.ImportFrom) -> list[tuple[str, str]]:
    """Each name that the import binds, with the full name of what it is bound to."""
    if isinstance(node.names, cst.ImportStar):
        return []
    prefix = ""
    if isinstance(node, cst.ImportFrom):
        if node.relative or node.module is None:
            return []
        prefix = ".".join(dotted(node.module)) + "."
    found = []
    for alias in node.names:
        whole = prefix + ".".join(dotted(alias.name))
        if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
            found.append((alias.asname.name.value, whole))
        else:
            found.append((whole.removeprefix(prefix), whole))
    return found


def module_of(node: cst.Import | cst.ImportFrom) -> str:
    """The dotted name of the module that is imported from."""
    if isinstance(node, cst.ImportFrom):
        return "." * len(node.relative) + (".".join(dotted(node.module)) if node.module else "")
    return ".".join(dotted(node.names[0].name))


def extended(source: PythonSource, node: cst.ImportFrom, name: str) -> Splice:
    """The splice that has `from ... import` bind `name` too, before the first name that is later in the alphabet."""
    assert not isinstance(node.names, cst.ImportStar)
    first = source.span(node.names[0])[0]
    indent = source.indent_at(first)
    stands_alone = source.line_start(first) + len(indent) == first
    gap = f",{source.newline}{indent}" if stands_alone else ", "
    for alias in node.names:
        if isinstance(alias.name, cst.Name) and alias.name.value > name:
            at = source.span(alias)[0]
            return Splice(at, at, f"{name}{gap}")
    end = source.span(node.names[-1])[1]
    return Splice(end, end, f"{gap}{name}")
