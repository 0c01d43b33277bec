import subprocess
from pathlib import Path

import pytest

from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.model import digest
from meta_pipeline.delivery.signoff import statement
from meta_pipeline.evidence.signing import Signers, SigningError, sign

SAID = statement(DeliveryId.parse("sales/inbox-1"), "review", digest("change"), "approved", None)
ME, YOU = "me@example.com", "you@example.com"


def make_key(folder: Path, name: str = "key", *options: str) -> Path:
    key = folder / name
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, *options, "-f", str(key)]
    subprocess.run(argv, check=True)
    return key


def allowed(key: Path, identity: str, options: str = 'namespaces="meta-pipeline"') -> bytes:
    return f"{identity} {options} {key.with_suffix('.pub').read_text()}".encode()


def signers(*files: bytes) -> Signers:
    return Signers(tuple((f"file {number}", content) for number, content in enumerate(files, start=1)))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return make_key(tmp_path)


def test_a_signature_names_its_signer(key: Path, tmp_path: Path) -> None:
    other = make_key(tmp_path, "other")
    both = allowed(other, YOU) + allowed(key, ME)
    assert signers(both).verify(SAID, sign(SAID, key)) == ME
    assert signers(both).verify(SAID, sign(SAID, other)) == YOU


def test_a_key_that_nobody_allowed_is_refused(key: Path, tmp_path: Path) -> None:
    other = make_key(tmp_path, "other")
    with pytest.raises(SigningError, match="is not in file 1; add its public half there and commit it"):
        signers(allowed(other, YOU)).verify(SAID, sign(SAID, key))


@pytest.mark.parametrize(
    "other",
    [
        statement(DeliveryId.parse("sales/inbox-2"), "review", digest("change"), "approved", None),
        statement(DeliveryId.parse("sales/inbox-1"), "design", digest("change"), "approved", None),
        statement(DeliveryId.parse("sales/inbox-1"), "review", digest("other"), "approved", None),
        statement(DeliveryId.parse("sales/inbox-1"), "review", digest("change"), "rejected", None),
        statement(DeliveryId.parse("sales/inbox-1"), "review", digest("change"), "approved", "a reason"),
        SAID + b"\n",
    ],
)
def test_a_signature_holds_for_its_own_statement_only(key: Path, other: bytes) -> None:
    with pytest.raises(SigningError, match=r"the signature of me@example\.com does not fit"):
        signers(allowed(key, ME)).verify(other, sign(SAID, key))


def test_a_signature_of_another_namespace_is_refused(key: Path) -> None:
    argv = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(key), "-n", "git", "-"]
    foreign = subprocess.run(argv, input=SAID, capture_output=True, check=True).stdout.decode()
    with pytest.raises(SigningError, match="does not fit what is to be signed"):
        signers(allowed(key, ME, "")).verify(SAID, foreign)


def test_a_key_that_is_allowed_for_other_uses_only_is_refused(key: Path) -> None:
    with pytest.raises(SigningError):
        signers(allowed(key, ME, 'namespaces="git"')).verify(SAID, sign(SAID, key))


def test_an_expired_key_is_refused(key: Path) -> None:
    with pytest.raises(SigningError):
        signers(allowed(key, ME, 'valid-before="20200101"')).verify(SAID, sign(SAID, key))


def test_every_file_must_name_the_signer_by_one_identity(key: Path, tmp_path: Path) -> None:
    other = make_key(tmp_path, "other")
    signature = sign(SAID, key)
    assert signers(allowed(key, ME), allowed(other, YOU) + allowed(key, ME)).verify(SAID, signature) == ME
    with pytest.raises(SigningError, match="is not in file 2"):
        signers(allowed(key, ME), allowed(other, YOU)).verify(SAID, signature)
    with pytest.raises(SigningError, match=r"stands for me@example\.com and for you@example\.com"):
        signers(allowed(key, ME), allowed(key, YOU)).verify(SAID, signature)


@pytest.mark.parametrize("content", [b"", b"\n  \n", b"# nobody yet\n", b"not an allowed signers file\n"])
def test_a_file_that_names_nobody_allows_nobody(key: Path, content: bytes) -> None:
    with pytest.raises(SigningError, match="file 1"):
        signers(content).verify(SAID, sign(SAID, key))


def test_the_first_file_without_a_signer_is_told(key: Path) -> None:
    assert signers(allowed(key, ME)).missing is None
    assert signers(allowed(key, ME), b" \n").missing == "file 2"
    assert signers(b"# add a line: you@example.com ssh-ed25519 AAAA...\n").missing == "file 1"


@pytest.mark.parametrize("identity", ["*", "*@example.com", "me@example.com,you@example.com"])
def test_a_key_must_stand_for_one_person(key: Path, identity: str) -> None:
    # An author behind such a line could not be told from the reviewer.
    with pytest.raises(SigningError, match="one identity"):
        signers(allowed(key, identity)).verify(SAID, sign(SAID, key))


def test_a_key_under_two_names_stands_for_the_first(key: Path) -> None:
    assert signers(allowed(key, ME) + allowed(key, YOU)).verify(SAID, sign(SAID, key)) == ME


def test_no_signature_is_no_signature(key: Path) -> None:
    with pytest.raises(SigningError):
        signers(allowed(key, ME)).verify(SAID, "approved, trust me")


def test_a_key_that_cannot_sign_says_so(tmp_path: Path) -> None:
    with pytest.raises(SigningError, match="there is no key here; make one with: ssh-keygen"):
        sign(SAID, tmp_path / "none")
    bad = tmp_path / "bad"
    bad.write_text("not a key\n")
    bad.chmod(0o600)
    with pytest.raises(SigningError, match="ssh-keygen could not sign with this key"):
        sign(SAID, bad)
    locked = make_key(tmp_path, "locked", "-N", "a passphrase")
    with pytest.raises(SigningError, match="ssh-keygen could not sign"):
        sign(SAID, locked)
