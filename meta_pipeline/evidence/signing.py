"""SSH signatures over sign-offs, made and checked by `ssh-keygen -Y`."""

from dataclasses import dataclass
from pathlib import Path

from meta_pipeline.delivery.signoff import NAMESPACE
from meta_pipeline.workspace.process import call
from meta_pipeline.workspace.scratch import scratch_folder


class SigningError(ValueError):
    """A signature could not be made or does not hold; the text says why and how to mend it."""


@dataclass(frozen=True)
class Signers:
    """The allowed-signers files (where it is from, content) that a signer must stand in, every one of them."""

    files: tuple[tuple[str, bytes], ...]

    @property
    def missing(self) -> str | None:
        """The first file that names nobody, if there is one."""
        return next((origin for origin, content in self.files if not _lines(content)), None)

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


def _lines(content: bytes) -> list[bytes]:
    """The lines of an allowed-signers file that are not blank and no comment."""
    return [line for line in content.splitlines() if line.strip() and not line.lstrip().startswith(b"#")]


def _verify(origin: str, content: bytes, statement: bytes, signature: str) -> str:
    if not _lines(content):
        raise SigningError(
            f"{origin} names no signer; commit a line such as: you@example.com ssh-ed25519 AAAA..."
        )
    with scratch_folder() as folder:
        allowed, signed = Path(folder, "allowed"), Path(folder, "signature")
        allowed.write_bytes(content)
        signed.write_text(signature)
        found = call(["ssh-keygen", "-Y", "find-principals", "-s", str(signed), "-f", str(allowed)])
        identities = found.stdout.decode(errors="replace").split()
        if found.exit != 0 or not identities:
            raise SigningError(
                f"the key that signed is not in {origin}; add its public half there and commit it."
            )
        identity = identities[0]
        # Behind several names, or a pattern, an author could not be told from a reviewer.
        if len(identities) > 1 or set("*?!,") & set(identity):
            raise SigningError(
                f"the key that signed stands for {' and '.join(identities)} in {origin}; give it one identity there."
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
