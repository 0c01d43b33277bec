"""Words of infrastructure files that open something to everybody, or give somebody every right."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from meta_pipeline.delivery.tree import FileChange

_YAML = (".yml", ".yaml", ".json", ".template")
_TERRAFORM = (".tf", ".hcl", ".tf.json", ".tfvars", ".bicep")
_ALL = (*_YAML, *_TERRAFORM)
_BEFORE = 25
"""A rule of a firewall says within so many lines above its addresses which way it goes."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One kind of words: what they do, in which files, and what must stand in the file for them to mean it.

    `also_new` is whether they are told of a file that is new: a container that starts as root is how many begin.
    """

    does: str
    words: re.Pattern[str]
    suffixes: tuple[str, ...]
    beside: re.Pattern[str] | None = None
    also_new: bool = True


def _made(
    does: str,
    words: str,
    suffixes: tuple[str, ...] = _ALL,
    beside: str | None = None,
    *,
    also_new: bool = True,
) -> Grant:
    near = re.compile(beside, re.IGNORECASE) if beside else None
    return Grant(does, re.compile(words, re.IGNORECASE), suffixes, near, also_new)


_GRANTS = (
    _made(
        "allows every action",
        r"""^\s*["']?(not_?)?actions?["']?\s*[:=]\s*\[?\s*["']([\w-]+:)?\*["']""",
        beside=r"effect|statement|policy",
    ),
    _made("allows every action", r"""^\s*-\s*["']\*:?\*?["']\s*$""", _YAML, r"\baction:"),
    _made("gives somebody all rights of an owner or editor", r"roles/(owner|editor|iam\.securityAdmin)\b"),
    _made(
        "gives somebody all rights of an administrator",
        r"AdministratorAccess|PowerUserAccess|\bcluster-admin\b",
    ),
    _made(
        "gives it to everybody",
        r"\ball(Authenticated)?Users\b|acl\s*[:=]\s*[\"']?public-read|AccessControl:\s*PublicRead",
    ),
    _made(
        "reaches it from the whole internet",
        r"publicly_accessible\s*=\s*true|PubliclyAccessible[\"']?:\s*[\"']?true",
    ),
    _made(
        "gives every right in Kubernetes",
        r"""(verbs|resources|apiGroups)["']?\s*:\s*\[\s*["']\*["']\s*\]""",
        _YAML,
        r"kind:\s*(Cluster)?Role\b",
    ),
    _made(
        "runs it with the rights of the machine", r"""\bprivileged["']?\s*[:=]\s*["']?true|--privileged\b"""
    ),
    _made("lets it gain rights", r"allowPrivilegeEscalation[\"']?\s*:\s*true"),
    _made(
        "runs it as root",
        r"runAsUser[\"']?\s*:\s*0\b|runAsNonRoot[\"']?\s*:\s*false|^\s*user:\s*[\"']?(root|0)(:\w+)?[\"']?\s*$",
        _YAML,
        also_new=False,
    ),
    _made(
        "shares the machine's network or processes",
        r"host(Network|PID|IPC)[\"']?\s*:\s*true|(network_mode|pid):\s*[\"']?host\b",
        _YAML,
    ),
    _made("gives it the machine's containers", r"/var/run/docker\.sock"),
    _made(
        "gives it the rights of the machine's kernel",
        r"\b(SYS_ADMIN|SYS_PTRACE|NET_ADMIN)\b|cap_add:\s*\[?\s*[\"']?ALL",
    ),
    _made(
        "lets it be deleted by mistake",
        r"(deletion_protection|prevent_destroy|point_in_time_recovery_enabled)\s*=\s*false|DeletionPolicy:\s*Delete",
        _ALL,
    ),
    _made("stores it unencrypted", r"\b(storage_)?encrypted\s*=\s*false|StorageEncrypted:\s*[\"']?false"),
)
_WORLD = re.compile(r"0\.0\.0\.0/0|::/0")
_WAYS = re.compile(
    r"\b(?P<inward>ingress|inbound|source_ranges|SecurityGroupIngress)|\b(?P<outward>egress|outbound|destination)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A line of head that opens something which base kept shut."""

    line: int
    does: str
    words: str


def opened(file: FileChange) -> Iterator[Opened]:
    """What the change of an infrastructure file opens: words that the file holds more often than it did."""
    if file.is_binary or not file.path.endswith(_ALL):
        return
    old, new = _text(file.old), _text(file.new)
    for grant in _GRANTS:
        if not file.path.endswith(grant.suffixes) or (grant.beside and not grant.beside.search(new)):
            continue
        if file.old is None and not grant.also_new:
            continue
        before = Counter(found[0].strip() for line in old.split("\n") if (found := grant.words.search(line)))
        for line in file.added:
            found = grant.words.search(line.text)
            if found is None or line.text.lstrip().startswith(("#", "//")):
                continue
            if before[found[0].strip()] > 0 and not file.removed:
                continue
            if before[found[0].strip()] >= sum(found[0].strip() in one for one in new.split("\n")):
                continue
            yield Opened(line.number, grant.does, found[0].strip())
    yield from _firewalls(file, old, new)


def _firewalls(file: FileChange, old: str, new: str) -> Iterator[Opened]:
    lines = new.split("\n")
    for line in file.added:
        found = _WORLD.search(line.text)
        if (
            found is None
            or line.text.lstrip().startswith(("#", "//"))
            or old.count(found[0]) >= new.count(found[0])
        ):
            continue
        above = "\n".join(lines[max(0, line.number - _BEFORE) : line.number])
        ways = list(_WAYS.finditer(above))
        if ways and ways[-1]["inward"]:
            yield Opened(line.number, "lets the whole internet in", found[0])


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", errors="replace")
