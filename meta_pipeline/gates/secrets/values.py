"""What a value that stands where a credential would stand is: a reference to one, a stand-in, or one itself."""

import re

_REFERENCE = re.compile(
    r"\{\{.*|\{%.*|.*\$\{.*|\$\w+|\$\(.*|%\(\w+\)s|%s|%\w+%|<[^>]*>|\[[^\]]*\]|\{[\w.\[\]'\":!]*\}|@\w+\(.*|!\w+ .*"
    r"|(?:env|vault|op|awssm|aws-sm|gcp-sm|sm|ssm|secret|secrets|keyvault|ref|file)(?:_var)?[:(].*"
    r"|arn:aws[\w-]*:.*|projects/[^/]+/secrets/.*|(?:/[\w.-]+){2,}|.*\b(?:os\.environ|getenv|env_var|env\.)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_DUMMIES = frozenset(
    "test tests testing tester dummy fake mock mocked example examples sample placeholder redacted changeme "
    "change todo tbd replace replaceme insert your yours my some foo bar baz qux secret secrets password "
    "passwords passwd passw pass pwd pw token key none null true false empty unused default hidden masked xxx "
    "notreal notasecret supersecret mysecret mypassword topsecret testpassword testpass testuser fixme unset "
    "undefined invalid demo".split()
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_SPOKEN = re.compile(r"(?=.*[aeiouy])[a-z]{2,12}|[a-z]")
_MOST_DIGITS = 4
_LONGEST = 80
_REPEATED = re.compile(r"(.)\1*|(?:0?1234567?8?9?0?)|(?:abc(?:def)?(?:123)?)|[x*.#•_\-]+", re.IGNORECASE)


def is_reference(value: str) -> bool:
    """Whether the value only says where the credential comes from: a template, a variable, a path in a vault."""
    plain = value.strip()
    return not plain or _REFERENCE.fullmatch(plain) is not None


def is_stand_in(value: str) -> bool:
    """Whether nobody would take the value for a credential: `changeme`, `test_password`, `xxxx`.

    It is made of plain words, one of which says so, and of few digits: chance has no place in it.
    """
    plain = value.strip()
    if len(plain) > _LONGEST:
        return False
    if _REPEATED.fullmatch(plain):
        return True
    words = [word.lower() for word in _WORD.findall(plain)]
    if sum(letter.isdigit() for letter in plain) > _MOST_DIGITS:
        return False
    return any(word in _DUMMIES for word in words) and all(
        word in _DUMMIES or _SPOKEN.fullmatch(word) for word in words
    )
