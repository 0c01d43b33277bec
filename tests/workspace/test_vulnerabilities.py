"""pip-audit asked at a service of this machine that answers in the protocol of OSV."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from meta_pipeline.workspace.vulnerabilities import look_up

KNOWN = {
    "id": "GHSA-0000-0000-0000",
    "modified": "2026-01-01T00:00:00Z",
    "published": "2026-01-01T00:00:00Z",
    "aliases": [],
    "summary": "It trusts what it reads.",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "example-loader"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.4.1"}]}],
            "versions": ["1.4.0"],
        }
    ],
}


class Service(BaseHTTPRequestHandler):
    """Knows one vulnerability of one release."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        bad = asked["package"]["name"] == "example-loader" and asked["version"] == "1.4.0"
        body = json.dumps({"vulns": [KNOWN]} if bad else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name is the base class's
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    server.server_close()


def test_a_vulnerable_release_is_found_and_a_sound_one_is_not(service: str) -> None:
    found = look_up([("example-loader", "1.4.0"), ("example-reader", "2.0")], service)

    assert not isinstance(found, str)
    assert [(one.package, one.version, one.id, one.fixed_in) for one in found] == [
        ("example-loader", "1.4.0", "GHSA-0000-0000-0000", ("1.4.1",))
    ]
    assert look_up([("example-loader", "1.4.1")], service) == ()


def test_a_service_that_does_not_answer_is_told_and_is_not_taken_for_a_clean_bill() -> None:
    said = look_up([("example-loader", "1.4.0")], "http://127.0.0.1:9/v1/query")

    assert isinstance(said, str)
    assert "got no answer from http://127.0.0.1:9/v1/query" in said


def test_nothing_is_asked_where_nothing_is_new() -> None:
    assert look_up([], "http://127.0.0.1:9/v1/query") == ()
