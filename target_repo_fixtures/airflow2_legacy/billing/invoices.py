"""From the drop of the shop system to the ledger."""

import csv
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from billing.settings import invoice_drop

LEDGER = """
CREATE TABLE IF NOT EXISTS ledger (
    business_date TEXT NOT NULL,
    invoice_id TEXT NOT NULL,
    customer TEXT NOT NULL,
    segment TEXT NOT NULL,
    amount_cents INTEGER NOT NULL,
    due_date TEXT NOT NULL,
    paid INTEGER NOT NULL,
    PRIMARY KEY (business_date, invoice_id)
)
"""


def drop_is_there(ds):
    """Whether the shop system has written the drop of this date."""
    return invoice_drop(ds).is_file()


def read_invoices(ds):
    with invoice_drop(ds).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def cents(amount):
    return int((Decimal(amount) * 100).to_integral_value())


def total_cents(invoices):
    return sum(cents(invoice["amount"]) for invoice in invoices)


def check_total(count, total, currency):
    """Refuse a drop without invoices, or with a total below zero."""
    if count == 0:
        raise ValueError("the invoice drop holds no invoice")
    if total < 0:
        raise ValueError(f"the invoices add up to {total / 100:.2f} {currency}")


def load(ds, database):
    """Replace the rows of a date; running it twice leaves the same rows."""
    Path(database).parent.mkdir(parents=True, exist_ok=True)
    rows = [
        (
            ds,
            invoice["invoice_id"],
            invoice["customer"],
            invoice["segment"],
            cents(invoice["amount"]),
            invoice["due_date"],
            int(invoice["paid"] == "yes"),
        )
        for invoice in read_invoices(ds)
    ]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(LEDGER)
        connection.execute("DELETE FROM ledger WHERE business_date = ?", (ds,))
        connection.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    return len(rows)
