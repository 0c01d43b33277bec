"""What DAG code reads from Airflow while it is loaded: Variables and Connections, by their stand-ins in the policy."""

import json
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from meta_pipeline.schedulers.source.known import Known, Pairs
from meta_pipeline.schedulers.source.machine import Arguments
from meta_pipeline.schedulers.source.values import UNKNOWN, Thing

_DEFAULTS = ("default_var", "default")
_TEXTS = ("conn_type", "login", "password", "host", "schema")


@dataclass(frozen=True, eq=False)
class Connection(Thing):
    """One Connection, by the fields that are known of it."""

    fields: dict[str, object]


def variable(known: Known, arguments: Arguments) -> object:
    """`Variable.get`: the policy's stand-in, else what the code itself says for where nobody set the variable."""
    name = _first(arguments, "key")
    held = _held(known.variables, name)
    if held is not None:
        position = arguments.positional[2:3]
        is_json = next(iter(position), arguments.named.get("deserialize_json", False))
        return held if is_json is False else _json(held) if is_json is True else UNKNOWN
    given = [*arguments.positional[1:2], *(arguments.named.get(each, UNKNOWN) for each in _DEFAULTS)]
    return next((value for value in given if value is not UNKNOWN), UNKNOWN)


def connection(known: Known, arguments: Arguments) -> object:
    """`BaseHook.get_connection`: the policy's stand-in, an address or JSON."""
    held = _held(known.connections, _first(arguments, "conn_id"))
    if held is None:
        return UNKNOWN
    fields = _of_json(held) if held.lstrip().startswith("{") else _of_address(held)
    return UNKNOWN if fields is None else Connection(fields)


def _first(arguments: Arguments, name: str) -> object:
    return next(iter(arguments.positional), arguments.named.get(name, UNKNOWN))


def _held(stand_ins: Pairs, name: object) -> str | None:
    """Airflow finds them as variables of the environment, whose names are in capitals."""
    if not isinstance(name, str):
        return None
    return next((value for key, value in stand_ins if key.upper() == name.upper()), None)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return UNKNOWN


def _of_json(text: str) -> dict[str, object] | None:
    found = _json(text)
    if not isinstance(found, dict):
        return None
    extra = found.get("extra")
    more = _json(extra) if isinstance(extra, str) else extra or {}
    return {name: found.get(name) for name in (*_TEXTS, "port")} | {"extra_dejson": more}


def _of_address(text: str) -> dict[str, object] | None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if "://" in parts.netloc + parts.path or parts.path.count("/") > 1:
        return None  # an address within an address is Airflow's own to take apart
    texts = (parts.username, parts.password, parts.hostname, parts.path.removeprefix("/"))
    login, password, host, schema = (unquote(part) if part else part for part in texts)
    kind = parts.scheme.replace("-", "_")
    return {
        "conn_type": "postgres" if kind == "postgresql" else kind,
        "login": login,
        "password": password,
        "host": host or "",
        "schema": schema,
        "port": port,
        "extra_dejson": dict(parse_qsl(parts.query, keep_blank_values=True)) if parts.query else {},
    }
