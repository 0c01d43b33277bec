"""Lines that hold a credential and lines that only look so; every planted value is made at run time.

The planted values have the shape of the real thing and no owner. They are put together here so that
this repository itself holds no line that a scanner would report.
"""

import base64
import json
import random
import string

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_random = random.Random(20260105)  # noqa: S311  the same samples in every run


def _made(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(_random.choice(letters) for _ in range(length))


_HEX = "0123456789abcdef"
_UPPER = string.ascii_uppercase + "234567"
_PEM = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    .decode()
)
_JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (
        b'{"alg":"HS256","typ":"JWT"}',
        b'{"sub":"1234567890","iat":1767600000}',
        _random.randbytes(32),
    )
)


def planted() -> dict[str, tuple[str, str]]:
    """Kind of credential -> (path, text of the file)."""
    return {
        "aws access key": ("dags/a.py", "KEY = '" + "AKIA" + _made(16, _UPPER) + "'\n"),
        "aws secret key": ("conf/aws.cfg", "aws_secret_access_key = " + _made(40) + "\n"),
        "github token": ("ci/deploy.sh", "export TOKEN=" + "ghp_" + _made(36) + "\n"),
        "github fine-grained token": (
            "ci/pull.sh",
            "TOKEN=" + "github_pat_" + _made(22) + "_" + _made(59) + "\n",
        ),
        "gitlab token": ("ci/x.yml", "token: " + "glpat-" + _made(20) + "\n"),
        "slack token": (
            "dags/alert.py",
            "slack = '"
            "xoxb-" + _made(12, string.digits) + "-" + _made(12, string.digits) + "-" + _made(24) + "'\n",
        ),
        "slack webhook": (
            "dags/notify.py",
            "URL = 'https://hooks.slack.com/services/T"
            + _made(8, _UPPER)
            + "/B"
            + _made(8, _UPPER)
            + "/"
            + _made(24)
            + "'\n",
        ),
        "private key": ("keys/deploy", _PEM),
        "password in a connection string": (
            "dags/load.py",
            "ENGINE = 'postgresql://loader:" + _made(14) + "@warehouse.internal:5432/sales'\n",
        ),
        "airflow connection variable": (
            ".env",
            "AIRFLOW_CONN_WAREHOUSE=mysql://etl:" + _made(12) + "@db.internal/sales\n",
        ),
        "short password literal": ("sales/db3.py", "password = 'hunt" + "er2'\n"),
        "password among other arguments": (
            "sales/db4.py",
            "snowflake.connector.connect(user='etl', password='Win" + "ter2024!', account='x')\n",
        ),
        "private key cut short": (
            "keys/cut",
            "-----BEGIN " + "PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n",
        ),
        "password literal": ("sales/db.py", "connect(user='etl', password='" + _made(9) + "!x7')\n"),
        "password in yaml": ("profiles.yml", "      user: etl\n      password: " + _made(12) + "#9\n"),
        "password in json": ("conf/db.json", '{"db_password": "' + _made(16) + '"}\n'),
        "api key literal": ("sales/api.py", "api_key = '" + _made(32, _HEX) + "'\n"),
        "secret in env file": (".env.prod", "CLIENT_SECRET=" + _made(40) + "\n"),
        "json web token": ("tests/conftest.py", "AUTH = 'Bearer " + _JWT + "'\n"),
        "google api key": ("dags/maps.py", "G = '" + "AIza" + _made(35) + "'\n"),
        "google service account": (
            "conf/sa.json",
            json.dumps({"type": "service_account", "private_key": _PEM}) + "\n",
        ),
        "stripe key": ("sales/pay.py", "stripe.api_key = '" + "sk_live_" + _made(24) + "'\n"),
        "azure storage key": (
            "conf/azure.py",
            "C = 'DefaultEndpointsProtocol=https;AccountName=sales;AccountKey="
            + base64.b64encode(_random.randbytes(64)).decode()
            + ";EndpointSuffix=core.windows.net'\n",
        ),
        "databricks token": ("conf/dbx.cfg", "token = " + "dapi" + _made(32, _HEX) + "\n"),
        "sendgrid key": ("dags/mail.py", "k = '" + "SG." + _made(22) + "." + _made(43) + "'\n"),
        "npm token": (".npmrc", "//registry.npmjs.org/:_authToken=" + "npm_" + _made(36) + "\n"),
        "snowflake password": ("dbt/profiles.yml", "  snowflake_password: '" + _made(18) + "'\n"),
        "sql user": ("sql/u.sql", "CREATE USER etl WITH PASSWORD '" + _made(14) + "';\n"),
        "terraform variable": ("infra/db.tf", 'master_password = "' + _made(16) + '"\n'),
        "fernet key": (
            "airflow.cfg",
            "fernet_key = " + base64.urlsafe_b64encode(_random.randbytes(32)).decode() + "\n",
        ),
        "notebook": (
            "n.ipynb",
            '{"source": ["os.environ[\\"AWS_SECRET_ACCESS_KEY\\"] = \\"' + _made(40) + '\\""]}\n',
        ),
    }


def harmless() -> dict[str, tuple[str, str]]:
    """What it is -> (path, text of the file)."""
    sha256, sha1 = _made(64, _HEX), _made(40, _HEX)
    uuid = "-".join(_made(n, _HEX) for n in (8, 4, 4, 4, 12))
    return {
        "sha256 pins": ("requirements.txt", f"pandas==2.2.3 \\\n    --hash=sha256:{sha256}\n"),
        "extra of a requirement": ("requirements.in", "apache-airflow[celery,password,statsd]==2.10.5\n"),
        "poetry lock": (
            "poetry.lock",
            f'content-hash = "{sha256}"\n{{file = "a.whl", hash = "sha256:{sha256}"}}\n',
        ),
        "npm lock": (
            "package-lock.json",
            '"integrity": "sha512-' + base64.b64encode(_random.randbytes(64)).decode() + '"\n',
        ),
        "git revision": (".pre-commit-config.yaml", f"    rev: {sha1}\n"),
        "action pinned by commit": (".github/workflows/ci.yml", f"      - uses: actions/checkout@{sha1}\n"),
        "image digest": ("Dockerfile", f"FROM python:3.11@sha256:{sha256}\n"),
        "expectation ids": ("gx/expectations/daily.json", f'{{"id": "{uuid}", "name": "daily_revenue"}}\n'),
        "identity in a URN": ("flows/run.py", f'monitors = ["urn:globus:auth:identity:{uuid}"]\n'),
        "placeholder": (".env.example", "DB_PASSWORD=changeme\nAPI_KEY=your-api-key-here\n"),
        "placeholder in angle brackets": ("README.md", "export SNOWFLAKE_PASSWORD=<your password>\n"),
        "placeholder connection string": ("docs/setup.md", "postgresql://user:password@localhost:5432/db\n"),
        "environment variable": ("sales/db.py", 'password = os.environ["WAREHOUSE_PASSWORD"]\n'),
        "environment variable with default": (
            "sales/db2.py",
            'password = os.getenv("WAREHOUSE_PASSWORD", "")\n',
        ),
        "shell variable": ("ci/run.sh", 'PGPASSWORD="$WAREHOUSE_PASSWORD" psql\nexport TOKEN=${CI_TOKEN}\n'),
        "dbt env_var": ("profiles.yml", "      password: \"{{ env_var('SNOWFLAKE_PASSWORD') }}\"\n"),
        "airflow variable": ("dags/a.py", 'api_key = Variable.get("fivetran_api_key")\n'),
        "airflow connection id": (
            "dags/b.py",
            'op = SQLExecuteQueryOperator(conn_id="secret_warehouse_conn")\n',
        ),
        "jinja": ("dags/c.py", 'env={"API_TOKEN": "{{ var.value.api_token }}"}\n'),
        "secret reference": (
            "dags/k8s.py",
            'Secret("env", deploy_target="BIGEYE_API_KEY", secret="airflow-gke-secrets", key="bigeye_key")\n',
        ),
        "secret name": ("dags/d.py", 'secret_id = "projects/sales/secrets/warehouse-password"\n'),
        "workflow secret": (
            ".github/workflows/d.yml",
            "          password: ${{ secrets.WAREHOUSE_PASSWORD }}\n",
        ),
        "empty password": ("conf/local.yml", 'password: ""\nuser: postgres\n'),
        "password prompt": ("sales/cli.py", 'password = getpass("Password of the warehouse: ")\n'),
        "attribute": (
            "sales/x.py",
            "password = settings.warehouse_password\ntoken = response.json()['token']\n",
        ),
        "dag ids and table names": (
            "dags/e.py",
            'BigQueryOperator(task_id="telemetry_derived__clients_daily_scalar_aggregates__v1")\n',
        ),
        "url": (
            "dags/f.py",
            'DOCS = "https://example.com/docs/pipelines/daily_revenue?version=20260105#section-4"\n',
        ),
        "picture in a notebook": (
            "n.ipynb",
            '"image/png": "' + base64.b64encode(_random.randbytes(300)).decode() + '"\n',
        ),
        "public key": (
            "keys/id.pub",
            "ssh-ed25519 " + base64.b64encode(_random.randbytes(51)).decode() + " etl\n",
        ),
        "checksum in a test": ("tests/test_load.py", f'assert digest(rows) == "{sha256}"\n'),
        "token word": ("sales/nlp.py", 'token = "revenue_forecast_total"\nsecret_santa = True\n'),
        "sort key": ("models/schema.yml", "    key: business_date_store_id_region\n    dist_key: store_id\n"),
    }
