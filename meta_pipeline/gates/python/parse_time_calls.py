"""Calls that reach out of the process while a module is merely being imported."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from meta_pipeline.gates.python.import_time import calls_at_import
from meta_pipeline.gates.python.reading import full_name, imported_names, literal_text, parsed

Reach = Literal["network", "database", "command", "sleep", "metadata", "client"]

_REACHES: tuple[tuple[Reach, re.Pattern[str]], ...] = (
    (
        "network",
        re.compile(
            r"(?:requests|httpx)\.(?:(?:Session|Client)\(\)\.)?(?:get|post|put|patch|delete|head|options|request)"
            r"|urllib\.request\.(?:urlopen|urlretrieve)|urllib3\.PoolManager\(\)\.\w+|smart_open\.open"
            r"|boto3\.(?:Session\(\)\.|session\.Session\(\)\.)?(?:client|resource)\(\)\.\w+(?:\(\)\.\w+)*"
            r"|google\.cloud\.\w+\.\w*Client\(\)\.(?!from_|dataset\b|table\b)\w+(?:\(\)\.\w+)*"
            r"|socket\.create_connection|paramiko\.SSHClient\(\)\.connect|ftplib\.FTP"
        ),
    ),
    (
        "database",
        re.compile(
            r"(?:psycopg2?|pymysql|MySQLdb|snowflake\.connector|mysql\.connector|redshift_connector|pyodbc|cx_Oracle"
            r"|oracledb|pymssql|vertica_python|databricks\.sql|teradatasql)\.connect"
            r"|clickhouse_connect\.get_client|(?:pandas|polars)\.read_(?:sql\w*|gbq|database\w*)"
            r"|sqlalchemy\.create_engine\(\)\.(?:connect|execute|begin|raw_connection)"
            r"|.*Hook\(\)\.(?:get_conn|get_records|get_first|get_pandas_df|get_df|run|get_connection|read_key|list_keys)"
        ),
    ),
    (
        "command",
        re.compile(
            r"subprocess\.(?:run|call|check_call|check_output|Popen|getoutput|getstatusoutput)|os\.(?:system|popen)"
        ),
    ),
    ("sleep", re.compile(r"time\.sleep")),
    (
        "metadata",
        re.compile(
            r"airflow(?:\.[\w.]+)?\.(?:Variable\.get|Connection\.get|BaseHook\.get_(?:connection|hook)|get_connection_from_secrets)"
            r"|prefect(?:\.[\w.]+)?\.(?:Variable\.get|\w+\.load)|prefect_\w+(?:\.[\w.]+)?\.\w+\.load"
        ),
    ),
    (
        "client",
        re.compile(
            r"boto3\.(?:client|resource)|google\.cloud\.\w+\.\w*Client|azure\.[\w.]+Client\.from_connection_string"
        ),
    ),
)
_READS_REMOTE = re.compile(r"(?:pandas|polars|pyarrow\.parquet|fsspec|dask\.dataframe)\.(?:read_\w+|open)")
_REMOTE = re.compile(r"(?:https?|s3a?|gs|gcs|abfss?|adl|hdfs|ftp|sftp)://")
_WORTH = re.compile(
    r"requests|httpx|urll?ib|boto3|google|connect\b|Hook|subprocess|os\.(?:system|popen)|sleep|Variable|Connection"
    r"|\.load\(|read_(?:sql|gbq|csv|json|parquet|database)|smart_open|fsspec|ftplib|Client|paramiko|create_engine"
)


@dataclass(frozen=True, slots=True)
class ParseTimeCall:
    """A call made at import: what it reaches, its full name, and its text without the arguments' layout."""

    reach: Reach
    name: str
    written: str
    line: int

    @property
    def key(self) -> tuple[str, str]:
        return (self.name, self.written)


def parse_time_calls(path: str, text: str) -> tuple[ParseTimeCall, ...]:
    """What importing the module asks of the network, a database, another program or the scheduler.

    Reading a file beside the module, and making an engine or a hook that connects later, is none of these.
    """
    module = parsed(text) if _WORTH.search(text) else None
    if module is None:
        return ()
    names = imported_names(module)
    instances = _instances(module, names)
    found: dict[int, ParseTimeCall] = {}
    for call in calls_at_import(module, names):
        name = _through_instances(full_name(call.func, names), instances)
        reach = _reach(call, name)
        if reach is not None:
            found.setdefault(call.lineno, ParseTimeCall(reach, name, ast.unparse(call), call.lineno))
    return tuple(found[line] for line in sorted(found))


def _reach(call: ast.Call, name: str) -> Reach | None:
    for reach, pattern in _REACHES:
        if pattern.fullmatch(name):
            return reach
    if _READS_REMOTE.fullmatch(name) and call.args and _REMOTE.match(literal_text(call.args[0]) or ""):
        return "network"
    return None


def _instances(module: ast.Module, names: Mapping[str, str]) -> dict[str, str]:
    """Names that stand for what a call made: `client = boto3.client("s3")` is `boto3.client()`."""
    return {
        node.targets[0].id: f"{made}()"
        for node in _outside_functions(module)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and (made := full_name(node.value.func, names))
    }


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for part in ast.iter_child_nodes(node):
        yield part
        if not isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from _outside_functions(part)


def _through_instances(name: str, instances: dict[str, str]) -> str:
    first, dot, rest = name.partition(".")
    return f"{instances[first]}{dot}{rest}" if dot and first in instances else name
