"""Airflow reads its home and the stand-ins when it is first imported: they are set before that."""

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
os.environ.setdefault("AIRFLOW_VAR_BILLING_CURRENCY", "EUR")
os.environ.setdefault("AIRFLOW_CONN_LEDGER_DB", "sqlite:///data/ledger/ledger.sqlite")
sys.path.insert(0, str(ROOT / "plugins"))
