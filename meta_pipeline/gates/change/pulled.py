"""Tasks of Airflow whose results code pulls by name, and that are not there, or no longer."""

import ast
import re
from collections.abc import Iterator, Mapping

from meta_pipeline.delivery.change import Change
from meta_pipeline.delivery.topology import Topology
from meta_pipeline.gates.change.reaching import module_of
from meta_pipeline.gates.weighing import Weighed, weighed

_IN_TEMPLATE = re.compile(r"xcom_pull\(\s*(?:task_ids\s*=\s*)?['\"]([\w.-]+)['\"]")


def pulled_from_nobody(change: Change) -> Iterator[Weighed]:
    """Each name in a changed file by which a result is pulled, that a task had at base or is new, and that none has."""
    files = [
        file
        for file in change.files
        if file.path.endswith(".py") and file.old and file.new and b"xcom_pull" in file.new
    ]
    if not files:
        return
    base, head = _tasks(change.base_topologies), _tasks(change.head_topologies)
    unclear = {error.path for topology in change.head_topologies for error in topology.errors}
    defining = {
        pipeline.path
        for topology in change.head_topologies
        if topology.scheduler == "airflow"
        for pipeline in topology.pipelines
    }
    for file in files:
        if file.path not in defining or file.path in unclear:
            continue
        before = _pulled(file.old or b"")
        for name, line in _pulled(file.new or b"").items():
            if name in head or (name in before and name not in base):
                continue
            yield weighed(
                "needs_approval",
                f"the result of the task {name} is pulled here, and no task is called so: what is pulled is None",
                "pull it from a task that there is",
                path=file.path,
                line=line,
            )


def _tasks(topologies: tuple[Topology, ...]) -> frozenset[str]:
    """The ids of all tasks, also without the groups that they are in."""
    ids = {
        node.id
        for topology in topologies
        if topology.scheduler == "airflow"
        for pipeline in topology.pipelines
        for node in pipeline.nodes
    }
    return frozenset(ids | {one.rpartition(".")[2] for one in ids})


def _pulled(source: bytes) -> Mapping[str, int]:
    """The names that calls and templates pull by, each with the first of its lines."""
    found: dict[str, int] = {}
    for node in ast.walk(module_of(source.decode(errors="replace"))):
        match node:
            case ast.Call(func=ast.Attribute(attr="xcom_pull"), args=args, keywords=keywords):
                given = [one.value for one in keywords if one.arg == "task_ids"] or args[:1]
                for value in given:
                    for part in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
                        if isinstance(part, ast.Constant) and isinstance(part.value, str):
                            found.setdefault(part.value, part.lineno)
            case ast.Constant(value=str(text), lineno=line) if "xcom_pull" in text:
                for match in _IN_TEMPLATE.finditer(text):
                    found.setdefault(match[1], line + text.count("\n", 0, match.start()))
    return found
