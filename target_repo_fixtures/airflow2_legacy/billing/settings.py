"""Where the files of a business date are."""

import os
from pathlib import Path

ROOT = Path(os.environ.get("BILLING_ROOT", Path(__file__).resolve().parent.parent))


def invoice_drop(ds):
    return ROOT / "data" / "raw" / "invoices" / f"{ds}.csv"


def letters_folder(ds):
    return ROOT / "data" / "letters" / ds
