"""Addresses of services in a text, and which of them are only somebody's own machine or an example."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from meta_pipeline.gates.secrets.values import is_reference, is_stand_in

_URL = re.compile(
    r"(?P<scheme>jdbc:[a-z0-9:]+|[a-z][a-z0-9]*(?:\+[a-z0-9_]+)?)://(?:(?P<user>[^\s:/@'\"]*)(?::(?P<password>[^\s/@'\"]*))?@)?"
    r"(?P<host>\[[0-9a-f:]+\]|[^\s:/?#'\",;)<>\\]+)",
    re.IGNORECASE,
)
_SERVICE = re.compile(
    r"(?:jdbc:.*|(?:db\+)?(?:postgres(?:ql)?|mysql|mariadb|mssql|oracle|snowflake|redshift|mongodb|rediss?|amqps?|clickhouse"
    r"|trino|presto|hive|hive2|impala|vertica|teradata|db2|cockroachdb|databricks|s?ftp|ssh|ldaps?|smtps?|cassandra"
    r"|neo4j|bolt|nats|kafka|ibm_db_sa|sybase|hdbcli|hana|exa)(?:\+\w+)?)",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(
    r"(?:.*\.)?(?:localhost|localdomain|local|example|test|invalid)|(?:.*\.)?example\.(?:com|org|net)"
    r"|host\.docker\.internal|gateway\.docker\.internal|.*\bexample\b.*|your[-_.].*|<.*|.*[{}$%].*",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?=.*[a-z])[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*", re.IGNORECASE
)
_PRODUCTION = re.compile(r"(?:^|[-_.\d])(?:prod|production|prd|live)(?:$|[-_.\d])", re.IGNORECASE)
_INTERNAL = re.compile(
    r"(?!.*\bdocker\.internal).*\.(?:internal|intra|intranet|corp|lan|svc\.cluster\.local|cluster\.local|private)",
    re.IGNORECASE,
)
_SHARED = re.compile(
    r"(?:email-)?smtp[.-].*|[a-z0-9-]+\.(?:[a-z]{2}(?:-[a-z]+)+-\d\.)?amazonaws\.com(?:\.cn)?|.*\.googleapis\.com"
    r"|(?:login|graph|management)\.(?:microsoftonline|microsoft|azure)\.com",
    re.IGNORECASE,
)
"""Front doors of vendors, which are the same for all their customers and in every environment."""


@dataclass(frozen=True, slots=True)
class ServiceUrl:
    """A URL: `has_password` tells of a password in clear, `is_service` of a scheme of databases and the like."""

    scheme: str
    host: str
    start: int
    has_password: bool
    is_service: bool


def urls_in(text: str) -> Iterator[ServiceUrl]:
    """Every URL of the text whose host is somebody's, in their order."""
    for match in _URL.finditer(text):
        password, host = match.group("password") or "", match.group("host")
        is_clear = bool(password) and not is_reference(password) and "{" not in password
        yield ServiceUrl(
            scheme=match.group("scheme").casefold(),
            host=host,
            start=match.start(),
            has_password=is_clear and not is_stand_in(password),
            is_service=_SERVICE.fullmatch(match.group("scheme")) is not None,
        )


def is_somewhere_else(host: str) -> bool:
    """Whether a host is a machine of a real network: neither one's own, nor an example, nor a container's neighbour.

    A bare name such as `postgres` is such a neighbour, unless it says that it is production's.
    """
    bare = host.strip().rsplit("@", 1)[-1].split("/")[0]
    bare = bare if bare.startswith("[") else bare.split(":")[0]
    address = _address(bare.strip("[]"))
    if address is not None:
        return not (address.is_loopback or address.is_unspecified or _is_of_documents(address))
    if not _NAME.fullmatch(bare):
        return False
    if _INTERNAL.fullmatch(bare):
        return True
    if _EXAMPLE.fullmatch(bare) or _SHARED.fullmatch(bare):
        return False
    return "." in bare or _PRODUCTION.search(bare) is not None


def is_address(host: str) -> bool:
    """Whether a host is written as an IP address."""
    return _address(host.split(":", maxsplit=1)[0].strip("[]")) is not None


def is_private(host: str) -> bool:
    """Whether a host can only be reached from inside: an address, a name of an inner network, production's own."""
    bare = host.split(":", maxsplit=1)[0]
    return is_address(bare) or _INTERNAL.fullmatch(bare) is not None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_of_documents(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    documents = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "172.17.0.1/32")
    return any(address in ipaddress.ip_network(network) for network in documents)
