"""A billing folder of its own for each test."""

import pytest

from billing import settings

DROP = """\
invoice_id,customer,segment,amount,due_date,paid
A1,northwind-books,retail,120.50,2026-01-02,no
A2,northwind-books,retail,19.99,2026-01-03,no
A3,harbour-clinic,public,980.00,2026-02-01,no
A4,mill-lane-tools,trade,44.95,2025-12-31,yes
"""


@pytest.fixture
def ds(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    drop = settings.invoice_drop("2026-01-05")
    drop.parent.mkdir(parents=True)
    drop.write_text(DROP, encoding="utf-8")
    return "2026-01-05"


@pytest.fixture
def database(tmp_path):
    return str(tmp_path / "ledger.sqlite")
