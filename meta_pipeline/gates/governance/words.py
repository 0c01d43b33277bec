"""The words by which files of all kinds mark sensitive data, owners, and how long data is kept."""

import re

SENSITIVE = re.compile(
    r"(?:^|[^a-z])(?:pii|phi|pci|gdpr|ccpa|hipaa|spi|personal|sensitive|confidential|restricted|secret|private"
    r"|classified|masked|mask|encrypted|anonymi[sz]ed|pseudonymi[sz]ed)(?:$|[^a-z])",
    re.IGNORECASE,
)
"""A tag or value that says: not everybody may see this."""

MARK_KEY = re.compile(
    r"(?:\+)?(?:(?:data_?|security_?)?classifications?|data_?sensitivity|sensitivity(?:_?level)?|(?:contains_?|is_?|has_?)?(?:pii|phi|gdpr)"
    r"(?:_?\w+)?|(?:is_?)?sensitive(?:_?\w+)?|policy_?tags?|masking_?policy|masking|row_?access_?policy|access_?policy"
    r"|critical_?data_?element|encrypted?_?columns?|data_?masking|privacy(?:_?\w+)?)",
    re.IGNORECASE,
)
"""A key whose value says who may see something."""

OWNER_KEY = re.compile(
    r"(?:\+)?(?:data_?|technical_?|business_?)?(?:owners?|stewards?)(?:_?(?:team|email|group))?",
    re.IGNORECASE,
)

_LONG = r"(?:days|hours|weeks|months|years)"
RETENTION_KEY = re.compile(
    r"(?:\+)?(?:partition_?expiration_?(?:days|ms)?|hours_?to_?expiration|(?:table_?|default_?\w*_?)?expiration"
    r"(?:_?(?:days|ms|hours|time_?ms|timestamp))?|(?:data_?)?retention(?:_?(?:days|hours|period|policy|time_?in_?days|ms"
    r"|months|years))?|retention_?\w+|(?:log_?|delta\.|data_?)?retention_?duration|\w*retention_?time_?in_?days|ttl(?:_?(?:days|seconds|hours|ms))?"
    rf"|time_?to_?live(?:_?\w+)?|\w*retention(?:_?(?:{_LONG}|period|duration|\w*sec(?:ond)?s))?"
    rf"|\w*(?:delete|purge|prune|expire|archive|vacuum)\w*_?after_?{_LONG}|(?:\w+_)?(?:max_?age|history|ttl)_?{_LONG}"
    rf"|(?:\w+_)?keep_?(?:for_?)?{_LONG}|{_LONG}_?(?:to_?)?(?:keep|retain|kept)"
    rf"|(?:\w+_)?expir(?:y|ation|es?)_?(?:after_?)?{_LONG})",
    re.IGNORECASE,
)
"""A key whose value says how long data is kept."""

PERSONAL = re.compile(
    r"(?:^|_)(?:e?mail|phone|mobile|ssn|nin|first_?name|last_?name|full_?name|surname|address|street|birth\w*|dob|iban"
    r"|passport|card_?(?:number|no)|credit_?card|ip_?(?:address)?|user_?id|customer_?id|patient\w*|salary|gender|tax_?id)(?:$|_)",
    re.IGNORECASE,
)
"""A column that is about a person, by its name."""

NO_OWNER = frozenset({"", "airflow", "none", "null", "nobody", "unknown", "tbd"})
"""What stands where nobody is named; `airflow` is Airflow's own default."""


def says_yes(value: str) -> bool:
    """Whether a value of a mark says that something is marked."""
    return value.strip().strip("\"'").casefold() not in (
        "",
        "false",
        "no",
        "none",
        "null",
        "public",
        "0",
        "open",
        "[]",
        "{}",
    )


_UNITS = {
    "ms": 0.001, "millisecond": 0.001, "s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600,
    "hour": 3600, "d": 86400, "day": 86400, "w": 604800, "week": 604800, "month": 2592000, "mo": 2592000,
    "y": 31536000, "year": 31536000, "p1d": 86400,
}  # fmt: skip
_LENGTH = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s*([a-z]+)?", re.IGNORECASE)


def length_of(value: str) -> float | None:
    """A length of time as one number that grows with it, where the text holds one; of two texts with one unit."""
    iso = re.fullmatch(
        r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?", value.strip().strip("\"'"), re.IGNORECASE
    )
    if iso and any(iso.groups()):
        years, months, weeks, days = (int(part or 0) for part in iso.groups())
        return float(years * 31536000 + months * 2592000 + weeks * 604800 + days * 86400)
    found = _LENGTH.search(value.replace("_", ""))
    if found is None:
        return None
    unit = (found[2] or "").casefold()
    return float(found[1]) * _UNITS.get(unit, _UNITS.get(unit.rstrip("s"), 1))
