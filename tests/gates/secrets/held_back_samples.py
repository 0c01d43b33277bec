# ruff: noqa: E501 - a sample is one line, as it is in its file
"""Credentials and look-alikes on which nothing was tuned: they were written before, and are only measured."""

import json

from tests.gates.secrets.made_values import Maker, Samples, notebook


def planted() -> Samples:
    m = Maker(20261103)
    return {
        "dict of a client": ("flows/c.py", f"CONFIG = {{'host': 'db.internal', 'user': 'etl', 'password': '{m.password()}'}}\n"),
        "dataclass default": ("sales/d.py", f"@dataclass\nclass Db:\n    user: str = 'etl'\n    password: str = '{m.password()}'\n"),
        "two words on one line": ("sales/t.py", f"user, password = 'etl', '{m.password()}'\n"),
        "argument by position": ("sales/p.py", f"session.auth = ('etl', '{m.password()}')\n"),
        "basic auth": ("dags/b.py", f"requests.get(url, auth=HTTPBasicAuth('etl', '{m.password()}'))\n"),
        "header": ("dags/h.py", f"headers = {{'Authorization': 'Bearer {m.text(40)}'}}\n"),
        "header of an api key": ("dags/k.py", f"headers = {{'X-Api-Key': '{m.text(32)}'}}\n"),
        "sftp": ("dags/s.py", f"client.connect('sftp.sales.net', username='etl', password='{m.password()}')\n"),
        "smtp": ("dags/m.py", f"server.login('alerts@example.com', '{m.password()}')\n"),
        "amqp": ("conf/q.yml", f"broker: amqp://etl:{m.password()}@mq.internal:5672/\n"),
        "clickhouse": ("conf/ch.yml", f"url: clickhouse://etl:{m.password()}@ch.internal:8123/sales\n"),
        "human password": ("conf/h.yml", "db_password: Tulip-" + "Harbour-" + "Ninety7\n"),
        "short human password": ("sales/sh.py", "passwd = 'S4l" + "es!26'\n"),
        "multi line string": ("dags/ml.py", f"SQL = '''\nALTER USER etl\nSET PASSWORD = '{m.password()}';\n'''\n"),
        "snowflake user": ("sql/sn.sql", f"create or replace user etl password = '{m.password()}' default_role = loader;\n"),
        "postgres role": ("sql/ro.sql", f"ALTER ROLE etl WITH LOGIN ENCRYPTED PASSWORD '{m.password()}';\n"),
        "mysql user": ("sql/my.sql", f"CREATE USER 'etl'@'%' IDENTIFIED BY '{m.password()}';\n"),
        "jinja variable": ("models/j.sql", f"{{% set api_token = '{m.text(30)}' %}}\nselect 1\n"),
        "dbt var": ("dbt_project.yml", f"vars:\n  warehouse_password: {m.password()}\n"),
        "ansible": ("deploy/vars.yml", f'airflow_admin_password: "{m.password()}"\n'),
        "docker arg": ("Dockerfile", f"ARG PIP_INDEX_URL=https://etl:{m.password()}@pypi.sales.net/simple\n"),
        "pip conf": ("pip.conf", f"[global]\nextra-index-url = https://etl:{m.password()}@pypi.sales.net/simple\n"),
        "github action": (".github/workflows/d.yml", f"        env:\n          DBT_ENV_SECRET_TOKEN: {m.text(36)}\n"),
        "makefile": ("Makefile", f"deploy:\n\tSNOWSQL_PWD={m.password()} snowsql -f a.sql\n"),
        "powershell": ("deploy/a.ps1", f'$env:DB_PASSWORD = "{m.password()}"\n'),
        "java style": ("conf/hive.xml", f"<property><name>javax.jdo.option.ConnectionPassword</name><value>{m.password()}</value></property>\n"),
        "notebook dict": ("notebooks/d.ipynb", notebook(f"conn = dict(user='etl', password='{m.password()}')\n")),
        "notebook output of a url": ("notebooks/e.ipynb", notebook("engine.url", f"postgresql://etl:{m.password()}@db.internal/sales")),
        "ec key": ("keys/ec", "-----BEGIN EC " + "PRIVATE KEY-----\n" + m.base64(90) + "\n-----END EC PRIVATE KEY-----\n"),
        "client secret": ("flows/oauth.py", f"OAuth2Session(client_id='sales', client_secret='{m.text(40)}')\n"),
    }  # fmt: skip


def harmless() -> Samples:
    m = Maker(20261104)
    return {
        "fixture of a user": ("tests/test_u.py", "User(name='a', password='password123', token='abc123')\n"),
        "fake url in a test": ("tests/test_url.py", "assert parse('postgresql://user:secret@host/db').password == 'secret'\n"),
        "patched environment": ("tests/test_env.py", "monkeypatch.setenv('API_TOKEN', 'test-token')\n"),
        "responses": ("tests/test_r.py", "responses.add('POST', URL, json={'access_token': 'mock_access_token'})\n"),
        "hash of a seed": ("seeds/users.csv", f"id,email_hash\n1,{m.hex(64)}\n2,{m.hex(64)}\n"),
        "ids of a seed": ("seeds/orders.csv", f"id,store\n{m.uuid()},a\n{m.uuid()},b\n"),
        "golden file": ("tests/golden/a.json", json.dumps({"digest": m.hex(40), "id": m.uuid(), "signature": m.hex(32)}) + "\n"),
        "cached metadata": ("a.dvc", f"outs:\n- md5: {m.hex(32)}\n  path: model.pkl\n"),
        "lfs pointer": ("model.bin", f"version https://git-lfs.github.com/spec/v1\noid sha256:{m.hex(64)}\nsize 12345\n"),
        "bazel": ("MODULE.bazel", f'integrity = "sha256-{m.base64(32)}"\n'),
        "sri": ("docs/index.html", f'<script integrity="sha384-{m.base64(48)}" crossorigin="anonymous"></script>\n'),
        "pnpm": ("pnpm-lock.yaml", f"    resolution: {{integrity: sha512-{m.base64(64)}}}\n"),
        "pre-commit revs": (".pre-commit-config.yaml", f"  - repo: https://github.com/x/y\n    rev: {m.hex(40)}\n"),
        "flake lock": ("flake.lock", json.dumps({"narHash": f"sha256-{m.base64(32)}", "rev": m.hex(40)}) + "\n"),
        "vault path": ("conf/v.yml", "password: vault:secret/data/warehouse#password\ntoken_path: /var/run/secrets/token\n"),
        "op reference": (".env.op", "DB_PASSWORD=op://data/warehouse/password\n"),
        "sops": ("conf/enc.yaml", f"password: ENC[AES256_GCM,data:{m.base64(12)},iv:{m.base64(32)},tag:{m.base64(16)},type:str]\n"),
        "ansible vault": ("deploy/secret.yml", "password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  " + m.text(64, "0123456789") + "\n"),
        "sealed secret": ("k8s/sealed.yaml", f"kind: SealedSecret\nspec:\n  encryptedData:\n    password: AgB{m.base64(300)}\n"),
        "hydra": ("conf/h.yaml", "password: ${oc.env:DB_PASSWORD}\ntoken: ${vars.token}\n"),
        "spark conf": ("sales/sp.py", "spark.conf.set('fs.azure.account.key.x', dbutils.secrets.get(scope='kv', key='storage-key'))\n"),
        "ssm": ("infra/ssm.tf", 'data "aws_ssm_parameter" "db_password" {\n  name = "/sales/prod/db_password"\n}\n'),
        "cdk": ("infra/app.py", "password = Secret.from_secret_name_v2(self, 'DbSecret', 'prod/warehouse/password')\n"),
        "cloud run": ("deploy/run.yml", "--set-secrets=DB_PASSWORD=warehouse-password:latest,API_KEY=vendor-api-key:3\n"),
        "airflow backend": ("airflow.cfg", 'backend_kwargs = {"connections_prefix": "airflow/connections", "sep": "-"}\nfernet_key =\n'),
        "cosmos": ("dags/cosmos.py", "ProfileConfig(profile_mapping=SnowflakeUserPasswordProfileMapping(conn_id='snowflake_default'))\n"),
        "k8s secret operator": ("dags/ks.py", "secret_env = Secret('env', 'SQL_CONN', 'airflow-secrets', 'sql_alchemy_conn')\n"),
        "key pair path": ("profiles.yml", "      private_key_path: /secrets/rsa_key.p8\n      private_key_passphrase: \"{{ env_var('PASSPHRASE') }}\"\n"),
        "keyfile": ("profiles.yml", "      method: service-account\n      keyfile: /secrets/sales-prod-key.json\n"),
        "duckdb secret": ("sql/duck.sql", "CREATE SECRET s3 (TYPE s3, PROVIDER credential_chain);\n"),
        "fivetran": ("dags/f.py", "FivetranOperator(task_id='sync', connector_id='unsettled_fundamental')\n"),
        "airbyte": ("defs/ab.py", f"connection_id='{m.uuid()}'\nworkspace_id='{m.uuid()}'\n"),
        "long names": ("dags/l.py", "task_id = 'load_customer_password_reset_events_to_warehouse_v2'\n"),
        "token counts": ("models/t.sql", "select sum(prompt_tokens) as prompt_tokens, max_tokens from {{ source('ai', 'usage') }}\n"),
        "tokenizer": ("sales/nl.py", "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')\npad_token = '[PAD]'\n"),
        "translation": ("locale/de.po", 'msgid "Password"\nmsgstr "Kennwort"\n'),
        "openapi": ("docs/api.yaml", "securitySchemes:\n  apiKey:\n    type: apiKey\n    name: X-API-Key\n    in: header\n"),
        "json schema": ("schemas/a.json", '{"properties": {"password": {"type": "string", "minLength": 12}, "token": {"$ref": "#/defs/token"}}}\n'),
        "help text": ("sales/ht.py", "typer.Option(help='API key; get one at https://example.com/settings/api-keys')\n"),
        "changelog": ("CHANGELOG.md", "- The password of the warehouse is now read from the environment (#123)\n"),
        "prompt": ("deploy/p.sh", "read -s -p 'Password: ' PASSWORD\nexport PASSWORD\n"),
        "generated in shell": ("deploy/g.sh", "PASSWORD=$(openssl rand -base64 32)\nTOKEN=`vault read -field=token x`\n"),
        "generated in python": ("scripts/g.py", "password = secrets.token_urlsafe(32)\nfernet_key = Fernet.generate_key()\n"),
        "notebook hash": ("notebooks/h.ipynb", notebook("hashlib.sha256(x).hexdigest()", m.hex(64))),
        "dashboard": ("dash/a.json", json.dumps({"uid": m.text(9), "panels": [{"id": 1, "key": "Q-" + m.uuid()}]}) + "\n"),
    }  # fmt: skip
