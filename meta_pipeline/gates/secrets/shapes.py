"""Values in the formats of vendors, which say by themselves what they open."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from meta_pipeline.gates.secrets.quick import AnyOf

if TYPE_CHECKING:
    from detect_secrets.plugins.base import BasePlugin

DETECTORS = (
    "ArtifactoryDetector",
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "JwtTokenDetector",
    "MailchimpDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PypiTokenDetector",
    "SendGridDetector",
    "SlackDetector",
    "SquareOAuthDetector",
    "StripeDetector",
    "TelegramBotTokenDetector",
    "TwilioKeyDetector",
)
"""The detectors of detect-secrets that know one vendor's format; those that go by entropy or keyword raise alarms."""

_MARKS = re.compile(
    r"AKC[a-zA-Z0-9]{10}|AP[\dA-F][a-zA-Z0-9]{8}|(?:A3T|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}|AccountKey="
    r"|(?i:aws).{0,70}[0-9A-Za-z/+]{40}|[MNO][\w-]{23,25}\.|gh[opsur]_|gl[a-z]{2,6}-|GR1348941|eyJ|[0-9a-z]{32}-us|_authToken"
    r"|T3BlbkFJ|pypi-Ag|SG\.|(?i:xox[aboprs]-)|(?i:hooks\.slack)|sq0csp-|[rs]k_live_|\d{8,10}:[\w-]{35}"
    r"|(?:AC|SK)[a-z0-9]{32}"
)
"""What the vendors' formats of detect-secrets have in common with few other texts; a test holds it against them."""

_MORE = (
    ("Databricks Token", re.compile(r"\bdapi[0-9a-f]{32}\b")),
    ("Prefect API Key", re.compile(r"\bpn[ub]_[A-Za-z0-9]{36}\b")),
    ("dbt Cloud Token", re.compile(r"\bdbt[cu]_[\w-]{40,}")),
    ("Google API Key", re.compile(r"\bAIza[\w-]{35}\b")),
    ("Google OAuth Token", re.compile(r"\bya29\.[\w-]{30,}")),
    ("GitHub Fine-grained Token", re.compile(r"\bgithub_pat_\w{40,}")),
    ("Anthropic or OpenAI Key", re.compile(r"\bsk-(?:ant|proj|svcacct)-[\w-]{32,}")),
    ("Hugging Face Token", re.compile(r"\bhf_[A-Za-z]{34}\b")),
    ("HashiCorp Vault Token", re.compile(r"\bhv[sb]\.[\w-]{24,}")),
    ("Terraform Cloud Token", re.compile(r"\b\w{14}\.atlasv1\.[\w-]{60,}")),
    ("DigitalOcean Token", re.compile(r"\bdo[opr]_v1_[0-9a-f]{64}\b")),
    ("Grafana Token", re.compile(r"\bglsa_\w{32}_[0-9a-f]{8}\b")),
    ("Age Secret Key", re.compile(r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b")),
    ("Azure Shared Access Signature", re.compile(r"[?&]sig=[\w%]{43,}")),
)
_PREFIXES = (
    *("dapi", "pnu_", "pnb_", "dbtc_", "dbtu_", "AIza", "ya29.", "github_pat_", "sk-", "hf_", "hvs.", "hvb."),
    *(".atlasv1.", "_v1_", "glsa_", "AGE-SECRET-KEY", "sig="),
)
"""One of them is in each value of `_MORE`."""
_ANY_MARK = AnyOf((_MARKS,))
_ANY_PREFIX = AnyOf((re.compile("|".join(map(re.escape, _PREFIXES))),))
_EXAMPLE = re.compile(r"EXAMPLE(?:KEY)?\b")


def shaped_lines(text: str, numbers: AbstractSet[int]) -> Iterator[tuple[int, str]]:
    """The lines of these numbers that may hold a value in a format of detect-secrets."""
    for number, line in enumerate(text.split("\n"), start=1):
        if number in numbers and _ANY_MARK.may_match(line):
            yield number, line


def shaped(text: str, numbers: AbstractSet[int]) -> Iterator[tuple[int, str, str]]:
    """Line, kind and value of each; a vendor's own example, which ends so, is none."""
    for number, line in enumerate(text.split("\n"), start=1):
        if number in numbers and _ANY_PREFIX.may_match(line):
            yield from ((number, kind, match.group()) for kind, p in _MORE for match in p.finditer(line))
    lines = list(shaped_lines(text, numbers))
    if not lines:
        return
    from detect_secrets.core.plugins.initialize import from_plugin_classname  # few changes have a line for it

    detectors: list[BasePlugin] = [from_plugin_classname(name) for name in DETECTORS]
    for number, line in lines:
        for detector in detectors:
            for value in detector.analyze_string(line):
                if not _EXAMPLE.search(value):
                    yield number, detector.secret_type, value
