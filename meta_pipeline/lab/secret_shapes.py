"""Credentials of the shapes that services give out, built by dice from pieces. None was ever valid.

The pieces keep this file itself free of anything that a secret scanner would report.
"""

import base64
import json
import random
import string
from dataclasses import dataclass

_UPPER = string.ascii_uppercase + string.digits
_MIXED = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_BASE64 = string.ascii_letters + string.digits + "+/"


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential: `name` is what a person calls the variable, `value` the text, `kind` what it is, in words."""

    name: str
    value: str
    kind: str


def _drawn(dice: random.Random, alphabet: str, count: int) -> str:
    return "".join(dice.choices(alphabet, k=count))


def _aws_id(dice: random.Random) -> Secret:
    return Secret(
        "aws_access_key_id",
        "AK" + "IA" + _drawn(dice, string.ascii_uppercase + "234567", 16),
        "an AWS access key id",
    )


def _aws_key(dice: random.Random) -> Secret:
    return Secret("aws_secret_access_key", _drawn(dice, _BASE64, 40), "an AWS secret access key")


def _github(dice: random.Random) -> Secret:
    return Secret("github_token", "gh" + "p_" + _drawn(dice, _MIXED, 36), "a GitHub token")


def _slack(dice: random.Random) -> Secret:
    parts = (_drawn(dice, string.digits, 12), _drawn(dice, string.digits, 12), _drawn(dice, _MIXED, 24))
    return Secret("slack_token", "-".join(("xo" + "xb", *parts)), "a Slack token")


def _slack_hook(dice: random.Random) -> Secret:
    parts = ("T" + _drawn(dice, _UPPER, 8), "B" + _drawn(dice, _UPPER, 10), _drawn(dice, _MIXED, 24))
    return Secret(
        "slack_webhook", "https://hooks." + "slack.com/" + "services/" + "/".join(parts), "a Slack webhook"
    )


def _google(dice: random.Random) -> Secret:
    return Secret("google_api_key", "AI" + "za" + _drawn(dice, _MIXED + "-_", 35), "a Google API key")


def _stripe(dice: random.Random) -> Secret:
    return Secret("stripe_key", "sk_" + "live_" + _drawn(dice, _MIXED, 24), "a Stripe key")


def _jwt(dice: random.Random) -> Secret:
    head = _encoded({"alg": "HS256", "typ": "JWT"})
    body = _encoded({"sub": _drawn(dice, string.digits, 10), "role": "service", "iat": 1700000000})
    return Secret(
        "service_token", ".".join((head, body, _drawn(dice, _MIXED + "-_", 43))), "a JSON web token"
    )


def _encoded(content: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode().rstrip("=")


def _database(dice: random.Random) -> Secret:
    word = _drawn(dice, _MIXED, 14) + dice.choice("!#%*")
    host = f"{dice.choice(['warehouse', 'analytics', 'db01'])}.{dice.choice(['prod', 'eu1'])}.internal"
    return Secret(
        dice.choice(["database_url", "connection_string", "dsn"]),
        "postgresql" + "://" + f"etl_user:{word.replace('#', 'x').replace('%', 'x')}@{host}:5432/prod",
        "a password in a database URL",
    )


def _password(dice: random.Random) -> Secret:
    words = ["Harbour", "Saturn", "Copper", "Meadow", "Lantern", "Orchid", "Falcon", "Juniper"]
    value = f"{dice.choice(words)}{dice.choice('!$-_')}{_drawn(dice, _MIXED, 5)}{dice.randint(10, 99)}"
    return Secret(dice.choice(["password", "db_password", "snowflake_password"]), value, "a password")


def _generic(dice: random.Random) -> Secret:
    name = dice.choice(["api_key", "api_token", "client_secret", "auth_token"])
    return Secret(name, _drawn(dice, dice.choice([_HEX, _MIXED]), 40), "an API token")


def _private_key(dice: random.Random) -> Secret:
    lines = ["-----BEGIN " + "RSA PRIVATE" + " KEY-----", "MII" + "EpAIBAAKCAQEA" + _drawn(dice, _BASE64, 48)]
    lines += [_drawn(dice, _BASE64, 64) for _ in range(11)]
    lines += ["-----END " + "RSA PRIVATE" + " KEY-----"]
    return Secret("private_key", "\n".join(lines), "a private key")


def service_account(dice: random.Random) -> str:
    """The JSON file of a Google service account."""
    content = {
        "type": "service_account",
        "project_id": "acme-data-prod",
        "private_key_id": _drawn(dice, _HEX, 40),
        "private_key": _private_key(dice).value.replace("RSA PRIVATE", "PRIVATE") + "\n",
        "client_email": "etl@acme-data-prod.iam.gserviceaccount.com",
        "client_id": _drawn(dice, string.digits, 21),
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return json.dumps(content, indent=2) + "\n"


_ONE_LINE = (
    _aws_id,
    _aws_key,
    _github,
    _slack,
    _slack_hook,
    _google,
    _stripe,
    _jwt,
    _database,
    _password,
    _generic,
)


def one_line_secrets(dice: random.Random, count: int) -> list[Secret]:
    """`count` credentials of different shapes, each on one line."""
    return [make(dice) for make in dice.sample(_ONE_LINE, count)]


def private_key(dice: random.Random) -> Secret:
    """A private key in PEM, with its newlines."""
    return _private_key(dice)


def database_url(dice: random.Random) -> str:
    """A database URL with a password in it."""
    return _database(dice).value


def password(dice: random.Random) -> str:
    """A password of the kind that a person thinks of."""
    return _password(dice).value
