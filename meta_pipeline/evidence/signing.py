"""SSH signatures over sign-offs, made and checked by `ssh-keygen -Y`."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from meta_pipeline.delivery.signoff import NAMESPACE
from meta_pipeline.workspace.process import call


class SigningError(ValueError):
    """A signature could not be made or does not hold; the text says why and how to mend it."""


@dataclass(frozen=True)
class Signers:
    """The allowed-signers files (where it is from, content) that a signer must stand in, every one of them."""

    files: tuple[tuple[str, bytes], ...]

    @property
    def missing(self) -> str | None:
        """The first file that names nobody, if there is one."""
        return next((origin for origin, content in self.files if not content.strip()), None)

    def verify(self, statement: bytes, signature: str) -> str:
        """The identity that signed `statement`; raises `SigningError` unless every file accepts the signature."""
        identities = [_verify(origin, content, statement, signature) for origin, content in self.files]
        if len(set(identities)) != 1:
            raise SigningError(
                f"the key stands for {' and for '.join(identities)} in different allowed-signers files; "
                "give it one identity in all of them."
            )
        return identities[0]


def sign(statement: bytes, key: Path) -> str:
    """The armoured signature of `statement` by the private key in `key`; raises `SigningError`."""
    if not key.is_file():
        raise SigningError(f"{key}: there is no key here; make one with: ssh-keygen -t ed25519 -f {key}")
    done = call(["ssh-keygen", "-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE, "-"], given=statement)
    if done.exit != 0:
        raise SigningError(f"{key}: ssh-keygen could not sign with this key: {_reason(done.stderr)}")
    return done.stdout.decode()


def _verify(origin: str, content: bytes, statement: bytes, signature: str) -> str:
    if not content.strip():
        raise SigningError(
            f"{origin} names no signer; commit a line such as: you@example.com ssh-ed25519 AAAA..."
        )
    with tempfile.TemporaryDirectory() as folder:
        allowed, signed = Path(folder, "allowed"), Path(folder, "signature")
        allowed.write_bytes(content)
        signed.write_text(signature)
        found = call(["ssh-keygen", "-Y", "find-principals", "-s", str(signed), "-f", str(allowed)])
        identities = found.stdout.decode().split("\n")
        identity = identities[0].strip()
        if found.exit != 0 or not identity:
            raise SigningError(
                f"the key that signed is not in {origin}; add its public half there and commit it."
            )
        checked = call(
            [
                "ssh-keygen",
                "-Y",
                "verify",
                "-f",
                str(allowed),
                "-I",
                identity,
                "-n",
                NAMESPACE,
                "-s",
                str(signed),
            ],
            given=statement,
        )
        if checked.exit != 0:
            raise SigningError(
                f"the signature of {identity} does not fit what is to be signed: {_reason(checked.stderr)}"
            )
    return identity


def _reason(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it gave no reason"
