"""Values that are given to names of credentials, in any kind of text file, line by line."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from meta_pipeline.gates.secrets.hosts import URL
from meta_pipeline.gates.secrets.quick import AnyOf
from meta_pipeline.gates.secrets.values import is_reference, is_stand_in, looks_random

_OPENING = r"(?:password|passwd|passphrase|passcode|pwd|pass|pw)"
_GRANTING = (
    r"(?:secret|token|api[_-]?key|access[_-]?key|secret[_-]?(?:access[_-]?)?key|private[_-]?key|account[_-]?key|auth[_-]?key"
    r"|fernet[_-]?key|encryption[_-]?key|signing[_-]?key|maps[_-]?key|credentials?|apikey|sas|pat)"
)
_NAME = rf"(?P<name>[\w.-]{{0,60}}?(?P<sort>{_OPENING}|{_GRANTING})(?:[_-]?(?:value|prod|dev|\d))?)"
_QUOTED = r"(?P<quote>[\"'])(?P<value>[^\"'\s]{4,}?)(?P=quote)"
_FORMS = (
    # name = 'value', "name": "value", name['x_name'] = 'value', name: str = 'value'
    re.compile(
        rf"(?<![\w.-]){_NAME}[\"']?\]?\)?\s*(?::\s*[\w\[\] |.]+)?(?:=|:=|=>|:)\s*[bfru]?{_QUOTED}",
        re.IGNORECASE,
    ),
    # getenv('NAME', 'value'), env_var('NAME', 'value'), NAME => value of a Secret(value='...')
    re.compile(rf"(?:getenv|env_var|environ\.get|get)\(\s*[\"']{_NAME}[\"']\s*,\s*{_QUOTED}", re.IGNORECASE),
    # SQL: PASSWORD 'value', IDENTIFIED BY 'value'
    re.compile(
        rf"\b(?P<name>(?P<sort>password|identified\s+by(?:\s+password)?))\s*=?\s*{_QUOTED}", re.IGNORECASE
    ),
    # command line: --password value, --token=value
    re.compile(
        rf"--(?P<name>[\w-]{{0,40}}?(?P<sort>{_OPENING}|{_GRANTING}))[= ]+[\"']?(?P<value>[^\s\"']+)",
        re.IGNORECASE,
    ),
    re.compile(r"\bmysql\w*\b.*\s(?P<name>-(?P<sort>p))'?(?P<value>[^\s']{6,})"),
    re.compile(r"\bcurl\b.*\s(?P<name>(?P<sort>-u|--user))\s+[\"']?[\w.@-]+:(?P<value>[^\s\"']+)"),
    # inside of a string of settings: ...;PWD=value;... ?password=value&...
    re.compile(
        rf"[?&;](?P<name>\w{{0,40}}?(?P<sort>{_OPENING}|{_GRANTING}))=(?P<value>[^&;\s\"']+)", re.IGNORECASE
    ),
    re.compile(r"(?P<name>machine\s+\S+\s+login\s+\S+\s+(?P<sort>password))\s+(?P<value>\S+)", re.IGNORECASE),
    re.compile(
        r"(?P<name>(?P<sort>Authorization\W{1,8}(?:Bearer|Token|Basic)|\bBearer|'Basic))\s+(?P<value>[\w.=/+~-]{16,})"
    ),
)
_PLAIN_FORM = re.compile(
    rf"^\s*(?:-\s+)?(?:#\s*)?(?:export\s+|ENV\s+|ARG\s+|set\s+)?[\"']?{_NAME}[\"']?\s*(?:=|:)\s*(?P<value>[^\s\"'#][^\s\"']*)\s*(?:#.*)?$",
    re.IGNORECASE,
)
_COMMENTED = re.compile(
    rf"^\s*(?:--|#|//)\s*(?:export\s+|set\s+)?{_NAME}\s*=\s*(?P<value>[^\s\"'#][^\s\"']*)\s*;?\s*$",
    re.IGNORECASE,
)
"""A comment of a script that says how to set a variable: there, a value without quotes is no expression."""
_SCRIPTS = (
    ".py",
    ".ipynb",
    ".js",
    ".ts",
    ".scala",
    ".java",
    ".go",
    ".r",
    ".sql",
    ".tf",
    ".hcl",
    ".md",
    ".rst",
)
"""Kinds of file in which a value without quotes is an expression or a word."""
_MARKS = (
    "pass",
    "pw",
    "secret",
    "token",
    "key",
    "credential",
    "sas",
    "pat",
    "identified",
    "auth",
    "bearer",
    "basic",
    "mysql",
    "curl",
)
"""Each form has one of them in it: most lines have none."""
_ANY_FORM = AnyOf(_FORMS)
_LONGEST_LINE = 20_000
_URL_LIKE = re.compile(r"(?:[\w+]+://|www\.)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Assigned:
    """A value at `line` that is given to `name`."""

    name: str
    value: str
    line: int
    kind: str


def assigned(
    path: str, text: str, numbers: AbstractSet[int], *, is_environment: bool = False
) -> Iterator[Assigned]:
    """Every value on these lines that its name makes a credential and that is neither a reference nor a stand-in.

    In an `.env` of a real environment, a password of plain words is none of a template and counts as well.
    """
    is_script = path.casefold().endswith(_SCRIPTS)
    for number, written in enumerate(text.split("\n"), start=1):
        if number not in numbers or len(written) > _LONGEST_LINE:
            continue
        line = written.replace('\\"', '"').replace("\\n", "") if path.endswith(".ipynb") else written
        lowered = line.lower()
        is_marked = any(mark in lowered for mark in _MARKS)
        for form in _FORMS if is_marked and _ANY_FORM.may_match(line) else ():
            for match in form.finditer(line):
                if _is_credential(match.group("sort"), match.group("value")):
                    yield Assigned(match.group("name"), match.group("value"), number, "Password or key")
        plain = (_COMMENTED if is_script else _PLAIN_FORM).match(line) if is_marked else None
        if plain and (
            _is_credential(plain.group("sort"), plain.group("value").rstrip(",;"))
            or (is_environment and _is_word_of_environment(plain.group("sort"), plain.group("value")))
        ):
            yield Assigned(plain.group("name"), plain.group("value"), number, "Password or key")
        for url in URL.finditer(line) if "://" in line and "@" in line else ():
            password = url.group("password") or ""
            if (
                password
                and not is_reference(password)
                and not is_stand_in(password)
                and "{" not in url.group()
            ):
                yield Assigned(f"a {url.group('scheme')} URL", password, number, "URL Credentials")


def _is_word_of_environment(sort: str, value: str) -> bool:
    is_password = re.fullmatch(_OPENING, sort, re.IGNORECASE) is not None
    return is_password and not is_reference(value) and not is_stand_in(value)


def _is_credential(sort: str, value: str) -> bool:
    if is_reference(value) or is_stand_in(value) or _URL_LIKE.match(value):
        return False
    if re.fullmatch(_GRANTING, sort, re.IGNORECASE) and not re.fullmatch(_OPENING, sort, re.IGNORECASE):
        return looks_random(value)
    return len(value) >= 6 and _is_no_word(value)


def _is_no_word(value: str) -> bool:
    """Whether a value is more than words of a language: it has digits, or signs that no name has, among letters."""
    if re.search(r"[()<>\[\]{}]|::|\\", value):
        return False
    letters = any(letter.isalpha() for letter in value)
    return letters and (
        any(letter.isdigit() for letter in value) or re.search(r"[!@#$%^&*?+=]", value) is not None
    )
