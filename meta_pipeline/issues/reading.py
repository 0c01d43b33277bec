"""One sentence made ready for the grammar: names, crons and quoted texts set aside, numbers as digits."""

import re
from dataclasses import dataclass

from meta_pipeline.issues.quantities import spell_out

_CRON_FIELD = r"(?:[\d*/,\-]+|[A-Za-z]{3}(?:[-,][A-Za-z]{3})*)"
_BARE_CRON = re.compile(rf"(?<![\w*/])(?=[^\n]{{0,40}}\*){_CRON_FIELD}(?: {_CRON_FIELD}){{4}}(?![\w*/])")
_CRON = re.compile(
    rf"{_CRON_FIELD}(?:\s+{_CRON_FIELD}){{4,5}}|@(?:hourly|daily|weekly|monthly|yearly|annually|midnight|once)"
)
_PRESET = re.compile(r"(?<!\w)@(?:hourly|daily|weekly|monthly|yearly|annually|midnight|once)\b")
_BACKTICKED = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_QUOTED = re.compile(r"\"([^\"]{1,1000})\"|(?<![\w])'([^'\n]{1,200})'(?!\w)")
_TOKEN = re.compile(r"(?<![\w«/.])[A-Za-z_]\w*(?:[.\-]\w+)*(?![\w/»])")
_KIND_NEAR = re.compile(
    r"\b(?:dag|task|pipeline|node|job|flow|asset|checkpoint|model|table|dataset)s?\b", re.IGNORECASE
)
LONGEST = 4000
NAME = r"«n[a-z]+»"
CRON = r"«c[a-z]+»"
QUOTED = r"«q[a-z]+»"
_PLACEHOLDER = re.compile(r"«([ncq])([a-z]+)»")

_KEYWORDS = {
    "retries": "retries",
    "max_retries": "retries",
    "retry_delay": "retry delay",
    "retry_delay_seconds": "retry delay in seconds",
    "retry_exponential_backoff": "exponential backoff",
    "exponential_backoff": "exponential backoff",
    "schedule": "schedule",
    "schedule_interval": "schedule",
    "cron": "cron",
    "exponential": "exponential",
    "import_errors": "import errors",
    "failed_tests": "failed tests",
    "failed_expectations": "failed expectations",
    "lint_findings": "lint findings",
    "run_time": "run time",
    "runtime": "run time",
}
_MARKS = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "–": "-",
        "—": "-",
        "≥": ">=",
        "≤": "<=",
        "≠": "!=",
        "\u00a0": " ",
        "«": '"',
        "»": '"',
    }
)
_CONTRACTIONS = re.compile(r"\b(is|are|does|do|must|should|can|wo|would|has|have)n't\b|\bcannot\b")


@dataclass(frozen=True)
class Reading:
    """`text` is lower case, with `«na»`, `«ca»`, `«qa»` for the first name, cron and quoted text, and so on.

    `original` is the sentence as its author wrote it.
    """

    original: str
    text: str
    names: tuple[str, ...] = ()
    crons: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()

    def value(self, placeholder: str) -> str:
        """What a placeholder stands for."""
        match = _PLACEHOLDER.fullmatch(placeholder)
        assert match is not None, placeholder
        kept = {"n": self.names, "c": self.crons, "q": self.quoted}[match[1]]
        return kept[_index(match[2])]


def read_sentence(sentence: str, known: frozenset[str] = frozenset()) -> Reading:
    """Set aside what stands in backticks or quotes, and bare words that can only be names.

    `known` are the names of the repository; a bare one counts when it cannot be an English word. Only the
    first `LONGEST` characters are read, so that no issue can keep the reader busy.
    """
    names: list[str] = []
    crons: list[str] = []
    quoted: list[str] = []

    def keep(kind: str, values: list[str], value: str) -> str:
        values.append(value)
        return f"«{kind}{_letters(len(values) - 1)}»"

    def backticked(match: re.Match[str]) -> str:
        inner = " ".join(match[2].split())
        if _CRON.fullmatch(inner):
            return keep("c", crons, inner)
        if inner.casefold() in _KEYWORDS and inner not in known:
            return _KEYWORDS[inner.casefold()]
        # A name holds no white space; `retries = 3` and `>= 3` are words in a code font.
        if (
            re.search(r"\s", inner)
            or not re.search(r"[A-Za-z]", inner)
            or re.fullmatch(r"[-\d.,:]+\s?[a-z]{0,3}", inner)
        ):
            return inner.translate(_MARKS)
        return keep("n", names, inner)

    def in_quotes(match: re.Match[str]) -> str:
        inner = match[1] or match[2]
        # A cron stays one, whatever it stands in.
        return inner if re.fullmatch(CRON, inner) else keep("q", quoted, inner)

    def bare(match: re.Match[str]) -> str:
        word = match[0]
        if word.casefold() in _KEYWORDS and "_" in word:
            return _KEYWORDS[word.casefold()]
        around = (
            match.string[max(0, match.start() - 14) : match.start()],
            match.string[match.end() : match.end() + 14],
        )
        if "_" in word or (word in known and ("." in word or any(map(_KIND_NEAR.search, around)))):
            return keep("n", names, word)
        return word

    text = _BACKTICKED.sub(backticked, sentence[:LONGEST].translate(_MARKS))
    text = _BARE_CRON.sub(lambda match: keep("c", crons, match[0]), text)
    text = _PRESET.sub(lambda match: keep("c", crons, match[0]), text)
    text = _CONTRACTIONS.sub(lambda match: f"{match[1]} not" if match[1] else "can not", text)
    text = _QUOTED.sub(in_quotes, text)
    text = _TOKEN.sub(bare, text)
    text = re.sub(r"\*\*|__|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)", "", text)
    text = spell_out(" ".join(text.split()).casefold())
    return Reading(sentence, text, tuple(names), tuple(crons), tuple(quoted))


def _letters(number: int) -> str:
    first, second = divmod(number, 26)
    return (_letters(first - 1) if first else "") + chr(ord("a") + second)


def _index(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("a") + 1
    return number - 1
