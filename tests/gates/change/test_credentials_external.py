"""CHG008 on the ways in which connections are written, and on what only looks like one."""

import pytest

from meta_pipeline.delivery.judgement import GateResult
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.change.chg008_credentials_external import CredentialsExternal
from meta_pipeline.gates.gate import judge
from meta_pipeline.gates.secrets.hosts import is_somewhere_else
from meta_pipeline.gates.secrets.values import is_reference, is_stand_in
from meta_pipeline.policy import Policy

HALVES = ("q8ZrT2mW", "x5Jd9LbK")
PW = "".join(HALVES)
IMPORTS = "import os, psycopg2, boto3\nfrom airflow import DAG\n"


def looked_at(before: specimens.Files, after: specimens.Files) -> GateResult:
    return judge(CredentialsExternal(), Case(Policy(), change=specimens.change(before, after)))


def of_code(line: str, path: str = "dags/load.py") -> str:
    return looked_at({}, {path: f"{IMPORTS}{line}\n"}).outcome


@pytest.mark.parametrize(
    "line",
    [
        f"e = create_engine('postgresql+psycopg2://etl:{PW}@db.sales-corp.net/sales')",
        f"e = create_engine(f'mysql://etl:{PW}@db.sales-corp.net/{{name}}')",
        f"c = psycopg2.connect(host='db.sales-corp.net', user='etl', password='{PW}')",
        f"s3 = boto3.client('s3', aws_secret_access_key='{PW}')",
        f"os.environ['WAREHOUSE_PASSWORD'] = '{PW}'",
        f"r = SnowflakeResource(account='ab12345', user='ETL', password='{PW}')",
        f"b = DatabaseCredentials(driver='x', password='{PW}')",
        f"c = pyodbc.connect('DRIVER=x;SERVER=db.sales-corp.net;UID=etl;PWD={PW}')",
    ],
)
def test_an_endpoint_with_its_password_is_refused(line: str) -> None:
    assert of_code(line) == "failed"


@pytest.mark.parametrize(
    "line",
    [
        "c = psycopg2.connect(host='prod-db', dbname='sales')",
        "e = create_engine('postgresql://warehouse.sales-corp.net:5432/sales')",
        "c = psycopg2.connect(host='10.20.3.4')",
        "DB_HOST = 'warehouse.sales-corp.net'",
        "p = KafkaProducer(bootstrap_servers='broker-1.sales-corp.net:9092')",
        "s3 = boto3.client('s3', endpoint_url='10.0.3.4:9000')",
        "c = pyodbc.connect('DRIVER=x;SERVER=db.sales-corp.net;Trusted_Connection=yes')",
        "conf = {'host': 'warehouse.sales-corp.net'}",
        "os.environ['PGHOST'] = 'warehouse.sales-corp.net'",
    ],
)
def test_an_endpoint_alone_is_for_a_person_to_approve(line: str) -> None:
    assert of_code(line) == "needs_approval"


@pytest.mark.parametrize(
    "line",
    [
        "h = PostgresHook(postgres_conn_id='warehouse')",
        "c = psycopg2.connect(host=os.environ['PGHOST'], password=os.environ['PGPASSWORD'])",
        "c = psycopg2.connect(host='localhost', user='postgres', password='postgres')",
        "c = psycopg2.connect(host='postgres', user='etl')",
        "e = create_engine('postgresql://airflow:airflow@postgres/airflow')",
        "e = create_engine(f'postgresql://{user}:{password}@{host}/sales')",
        "e = create_engine('sqlite:////tmp/sales.db')",
        "URL = 'https://api.weather.gov/points'",
        "path = 's3://sales-prod-bucket/daily/'",
        "path = 'gs://sales-prod/daily'",
        "r = SnowflakeResource(account=EnvVar('ACCOUNT'), password=EnvVar('PASSWORD'))",
        "uri = 'mongodb://user:password@db.example.com/'",
        "token = Secret.load('warehouse-token').get()",
        "c = Client(token='{{ conn.warehouse.password }}')",
        "version = '1.2.3.4'",
        "server = 'The server did not answer.'",
        "def load():\n    '''Writes to postgresql://warehouse.sales-corp.net/sales.'''",
    ],
)
def test_what_comes_from_the_platform_or_is_nobodys_is_free(line: str) -> None:
    assert of_code(line) == "passed"


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_load.py",
        "docs/conf.py",
        "docker-compose.yml",
        "docker-compose.dev.yaml",
        ".env.example",
        "README.md",
    ],
)
def test_tests_documents_and_services_of_development_are_free(path: str) -> None:
    line = f"HOST = 'warehouse.sales-corp.net'\nurl: postgresql://etl:{PW}@db.sales-corp.net/sales\n"

    assert looked_at({}, {path: line}).outcome == "passed"


def test_a_value_that_came_from_outside_is_for_a_person_also_where_it_is_only_an_account() -> None:
    before = IMPORTS + "r = SnowflakeResource(account=EnvVar('ACCOUNT'), user='x')\n"
    after = IMPORTS + "r = SnowflakeResource(account='ab12345.eu', user='x')\n"

    assert looked_at({"defs.py": before}, {"defs.py": after}).outcome == "needs_approval"
    assert looked_at({}, {"defs.py": after}).outcome == "warned"


def test_a_profile_of_dbt() -> None:
    profile = "shop:\n  outputs:\n    prod:\n      account: {account}\n      password: {password}\n"
    references = ("\"{{ env_var('A') }}\"", "\"{{ env_var('P') }}\"")
    outside = profile.format(account=references[0], password=references[1])

    def after(account: str, password: str) -> str:
        return looked_at(
            {"profiles.yml": outside}, {"profiles.yml": profile.format(account=account, password=password)}
        ).outcome

    assert after("\"{{ env_var('A') }}\"", PW) == "failed"
    assert after("ab12345", "\"{{ env_var('P') }}\"") == "needs_approval"
    assert looked_at({}, {"profiles.yml": outside}).outcome == "passed"


def test_a_host_that_the_repository_names_already_only_warns() -> None:
    before = {"conf/hosts.yml": "warehouse: warehouse.sales-corp.net\n"}
    after = {"dags/load.py": f"{IMPORTS}HOST = 'warehouse.sales-corp.net'\n"}

    assert looked_at(before, before | after).outcome == "warned"


def test_what_moves_is_not_new_and_a_finding_never_shows_the_password() -> None:
    code = f"{IMPORTS}c = psycopg2.connect(host='db.sales-corp.net', password='{PW}')\n"

    assert looked_at({"dags/a.py": code}, {"dags/b.py": code}).outcome == "passed"
    assert PW not in looked_at({}, {"dags/a.py": code}).model_dump_json()


@pytest.mark.parametrize(
    "host,elsewhere",
    [
        ("localhost", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("192.0.2.7", False),
        ("postgres", False),
        ("db.example.com", False),
        ("host.docker.internal", False),
        ("{}", False),
        ("prod-db", True),
        ("10.1.2.3", True),
        ("db.internal", True),
        ("warehouse.sales-corp.net:5432", True),
        ("email-smtp.eu-west-1.amazonaws.com", False),
        ("sales.ab12.eu-west-1.redshift.amazonaws.com", True),
        ("1.5", False),
    ],
)
def test_which_hosts_are_somewhere_else(host: str, elsewhere: bool) -> None:
    assert is_somewhere_else(host) is elsewhere


@pytest.mark.parametrize(
    "value", ["changeme", "test_password", "MySecretPassword", "xxxx", "secret123", "dummy-token"]
)
def test_a_stand_in(value: str) -> None:
    assert is_stand_in(value)


@pytest.mark.parametrize("value", [PW, "hunt" + "er2", "Kx9-test-Zz8QpL", "Win" + "ter2024!", "pass-" + PW])
def test_no_stand_in(value: str) -> None:
    assert not is_stand_in(value)


@pytest.mark.parametrize(
    "value",
    [
        "{{ conn.x.password }}",
        "${TOKEN}",
        "$TOKEN",
        "<password>",
        "{token}",
        "projects/a/secrets/b",
        "vault:a/b",
        "",
    ],
)
def test_a_reference(value: str) -> None:
    assert is_reference(value)
