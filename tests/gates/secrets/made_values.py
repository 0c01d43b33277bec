"""Values with the shape of credentials and no owner, made anew at run time, the same in every run."""

import base64
import json
import random
import string
from functools import cached_property

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

Samples = dict[str, tuple[str, str]]
"""What it is -> (path, text of the file)."""

HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + "234567"


class Maker:
    """Makes values; two makers of one seed make the same ones in the same order."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  nothing is kept secret by it

    def text(self, length: int, letters: str = string.ascii_letters + string.digits) -> str:
        return "".join(self._random.choice(letters) for _ in range(length))

    def password(self) -> str:
        """What a generator of passwords gives: letters of both cases, digits, a sign that needs no escape."""
        return f"{self.text(6)}{self._random.choice('-_.~')}{self.text(6)}{self._random.choice('23456789')}"

    def hex(self, length: int) -> str:
        return self.text(length, HEX)

    def base64(self, length: int) -> str:
        return base64.b64encode(self._random.randbytes(length)).decode()

    def url_base64(self, length: int) -> str:
        return base64.urlsafe_b64encode(self._random.randbytes(length)).decode()

    def uuid(self) -> str:
        return "-".join(self.hex(n) for n in (8, 4, 4, 4, 12))

    def jwt(self) -> str:
        parts = (
            b'{"alg":"HS256","typ":"JWT"}',
            b'{"sub":"1234567890","iat":1767600000}',
            self._random.randbytes(32),
        )
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    @cached_property
    def pem(self) -> str:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return _written(key, serialization.PrivateFormat.TraditionalOpenSSL)

    @cached_property
    def openssh(self) -> str:
        return _written(ed25519.Ed25519PrivateKey.generate(), serialization.PrivateFormat.OpenSSH)


def _written(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, form: serialization.PrivateFormat) -> str:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def notebook(source: str = "", output: str = "") -> str:
    """A notebook of one cell, as Jupyter writes it."""
    cell = {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "outputs": [{"name": "stdout", "output_type": "stream", "text": [f"{output}\n"]}] if output else [],
        "source": source.splitlines(keepends=True),
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"
