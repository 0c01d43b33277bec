"""Endpoints and accounts that stand in source as literals, in Python and in settings files."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from meta_pipeline.gates.python.reading import full_name, imported_names, last_part, literal_text, parsed
from meta_pipeline.gates.secrets.hosts import is_private, is_somewhere_else, urls_in
from meta_pipeline.gates.secrets.values import is_reference, is_stand_in

Sort = Literal["credential", "address", "identity"]

_PASSWORD = re.compile(
    r"(?:.*_)?(?:password|passwd|passphrase|pwd|secret(?:_?(?:access_?)?key)?|client_?secret|token|api_?key|private_?key"
    r"|aws_?secret_?access_?key|account_?key|access_?key|sas_?token)",
    re.IGNORECASE,
)
_HOST = re.compile(
    r"(?:.*_)?(?:(?:pg)?host|hostname|server|servers|bootstrap_?servers|brokers?|endpoint|endpoint_?url|dsn|contact_points"
    r"|hosts|nodes|jdbc_?url|connection_?string|conn_?str)",
    re.IGNORECASE,
)
_IDENTITY = re.compile(r"(?:.*_)?(?:user|username|user_?name|login|account|account_?name)", re.IGNORECASE)
_CONNECTS = re.compile(
    r"connect|create_engine|create_async_engine|\w*[Cc]lient|resource|Redis|StrictRedis|Elasticsearch|OpenSearch|Connection"
    r"|Kafka\w+|Producer|Consumer|SMTP|FTP\w*|\w*(?:Resource|Credentials|Connector|IOManager|Settings|Config|Hook|Block)"
)
_PASSED_ON = re.compile(
    r"environ|getenv|env_var|EnvVar|Variable|get_connection|[Ss]ecret|\.load\(|settings|config|\bvars?\b"
)
_ODBC = re.compile(r"(?:^|;)\s*(?:server|data source|host)\s*=\s*(?:tcp:)?([^;,]+)", re.IGNORECASE)
_ODBC_PASSWORD = re.compile(r"(?:^|;|\s)(?:pwd|password)\s*=\s*([^;\s]+)", re.IGNORECASE)
_SETTING = re.compile(r"^\s*(?:-\s*)?(?:export\s+)?[\"']?([\w.-]+)[\"']?\s*[:=]\s*(.*?)\s*,?\s*$")
_QUOTED = re.compile(r"([\"'])(.*)\1(?:\s+#.*)?")
_PROFILE = re.compile(r"(?:^|/)profiles\.ya?ml\Z")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A literal that says where or as whom to connect: `what` names it without a password's value, `host` where known.

    `key` tells two of them apart wherever they stand. `is_replaced` is set where the same place took its value from
    outside before. `is_plain_web` is a web address, which may be as public as it looks.
    """

    sort: Sort
    what: str
    line: int
    place: tuple[str, str]
    host: str | None = None
    is_replaced: bool = False
    is_plain_web: bool = False

    @property
    def key(self) -> tuple[str, str, str | None]:
        return (self.sort, self.what, self.host)


def endpoints(path: str, text: str) -> tuple[Endpoint, ...]:
    """Every endpoint, account and password in clear of a Python module or a settings file."""
    found = _of_python(text) if path.endswith(".py") else _of_settings(path, text)
    kept: dict[tuple[int, str], Endpoint] = {}
    for one in found:
        kept.setdefault((one.line, one.sort), one)
    return tuple(kept.values())


def from_outside(path: str, text: str) -> frozenset[tuple[str, str]]:
    """The places (callee or file, name) that take their value from the environment or from the scheduler."""
    if path.endswith(".py"):
        module = parsed(text)
        if module is None:
            return frozenset()
        names = imported_names(module)
        return frozenset(
            (callee, name)
            for callee, name, value, _ in _pairs(module, names)
            if literal_text(value) is None and _PASSED_ON.search(ast.unparse(value))
        )
    return frozenset(
        ("", name) for _, name, value in _settings(text) if is_reference(value) and value.strip("\"' ")
    )


def _of_python(text: str) -> Iterator[Endpoint]:
    module = parsed(text)
    if module is None:
        return
    names = imported_names(module)
    for callee, name, value, line in _pairs(module, names):
        literal = literal_text(value)
        if literal is not None:
            yield from _of_pair(callee, name, literal, line)
    prose = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    inner = {id(part) for node in ast.walk(module) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(module):
        literal = literal_text(node) if id(node) not in prose | inner else None
        if literal is not None and len(literal) < 2000:
            yield from _of_text(literal, getattr(node, "lineno", 1))


def _pairs(module: ast.Module, names: Mapping[str, str]) -> Iterator[tuple[str, str, ast.expr, int]]:
    """Callee, name, value and line of each named value: arguments, entries of dicts, assignments, the environment's."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            callee = last_part(full_name(node.func, names))
            if any(_is_at_hand(keyword) for keyword in node.keywords):
                continue
            for keyword in node.keywords:
                if keyword.arg:
                    yield callee, keyword.arg, keyword.value, keyword.value.lineno
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield "", key.value, value, value.lineno
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                yield "", target.id, node.value, node.lineno
            elif isinstance(target, ast.Attribute):
                yield "", target.attr, node.value, node.lineno
            elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                owner = "environ" if full_name(target.value, names).endswith("os.environ") else ""
                yield owner, str(target.slice.value), node.value, node.lineno


def _is_at_hand(given: ast.keyword) -> bool:
    """Whether an argument says that the service is at hand, on one's own machine: its password guards nothing."""
    literal = literal_text(given.value)
    return bool(
        literal
        and _HOST.fullmatch(given.arg or "")
        and "://" not in literal
        and not is_somewhere_else(literal)
    )


def _of_pair(callee: str, name: str, value: str, line: int) -> Iterator[Endpoint]:
    place = (callee, name)
    is_connecting = callee == "environ" or _CONNECTS.fullmatch(callee) is not None
    if _PASSWORD.fullmatch(name):
        if is_connecting and _is_secret(value):
            yield Endpoint("credential", f"{name} of {callee}", line, place)
    elif _HOST.fullmatch(name):
        host = value.rsplit("://", maxsplit=1)[-1].split(",", maxsplit=1)[0]
        if "://" not in value and is_somewhere_else(host):
            yield Endpoint("address", f"{name} is {value}", line, place, host.split(":")[0])
    elif _IDENTITY.fullmatch(name) and is_connecting and not is_reference(value) and not is_stand_in(value):
        yield Endpoint("identity", f"{name} of {callee} is {value}", line, place)


def _of_text(text: str, line: int) -> Iterator[Endpoint]:
    for url in urls_in(text):
        if not is_somewhere_else(url.host) or not (url.is_service or url.scheme.startswith("http")):
            continue
        if url.has_password:
            what = f"a {url.scheme} URL with the password for {url.host}"
            yield Endpoint("credential", what, line, ("", "url"), url.host)
        elif url.is_service or is_private(url.host):
            what = f"a {url.scheme} URL of {url.host}"
            web = url.scheme.startswith("http")
            yield Endpoint("address", what, line, ("", "url"), url.host, is_plain_web=web)
    odbc = _ODBC.search(text) if "=" in text and ";" in text else None
    if odbc and is_somewhere_else(odbc.group(1)):
        password = _ODBC_PASSWORD.search(text)
        if password and _is_secret(password.group(1)):
            yield Endpoint(
                "credential",
                f"an ODBC string with the password for {odbc.group(1)}",
                line,
                ("", "odbc"),
                odbc.group(1),
            )
        else:
            yield Endpoint("address", f"an ODBC string of {odbc.group(1)}", line, ("", "odbc"), odbc.group(1))


def _of_settings(path: str, text: str) -> Iterator[Endpoint]:
    is_profile = _PROFILE.search(path) is not None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.lstrip().startswith(("#", "//", "--")):
            for one in _of_text(line, number):
                if one.sort == "credential":
                    yield one
    for number, name, value in _settings(text):
        if is_profile and (_PASSWORD.fullmatch(name) or name == "pass") and _is_secret(value):
            yield Endpoint("credential", f"{name} of a dbt profile", number, ("", name))
        elif _HOST.fullmatch(name) and "://" not in value and is_somewhere_else(value):
            yield Endpoint("address", f"{name} is {value}", number, ("", name), value.split(":")[0])
        elif is_profile and _IDENTITY.fullmatch(name) and not is_reference(value) and not is_stand_in(value):
            yield Endpoint("identity", f"{name} of a dbt profile is {value}", number, ("", name))


def _settings(text: str) -> Iterator[tuple[int, str, str]]:
    """Line number, name and value of each `name: value` or `name = value`."""
    for number, line in enumerate(text.split("\n"), start=1):
        match = _SETTING.match(line) if not line.lstrip().startswith(("#", "//")) else None
        if match and match.group(2):
            quoted = _QUOTED.fullmatch(match.group(2))
            value = quoted.group(2) if quoted else match.group(2).split(" #")[0].strip()
            yield number, match.group(1), value


def _is_secret(value: str) -> bool:
    return not is_reference(value) and not is_stand_in(value) and "{}" not in value
