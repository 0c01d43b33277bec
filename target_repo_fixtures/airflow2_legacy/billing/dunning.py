"""Letters to customers whose invoices are overdue."""

import sqlite3
from contextlib import closing
from pathlib import Path

from billing.invoices import LEDGER
from billing.settings import letters_folder

OVERDUE = """
SELECT customer, count(*), sum(amount_cents)
FROM ledger
WHERE paid = 0 AND due_date < ?
GROUP BY customer
ORDER BY customer
"""


def overdue(ds, database):
    """Customer, number of invoices and cents, for all that were due before this date."""
    Path(database).parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(LEDGER)
        return connection.execute(OVERDUE, (ds,)).fetchall()


def write_letters(ds, customers):
    """One letter a customer; those of the date are written anew."""
    folder = letters_folder(ds)
    folder.mkdir(parents=True, exist_ok=True)
    for letter in folder.glob("*.txt"):
        letter.unlink()
    for customer, invoices, total in customers:
        text = f"Dear {customer}, {invoices} invoices over {total / 100:.2f} are overdue.\n"
        (folder / f"{customer}.txt").write_text(text, encoding="utf-8")
    return len(customers)
