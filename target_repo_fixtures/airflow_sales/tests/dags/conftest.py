"""Airflow reads its home when it is first imported, so it is set before any test is."""

import os

from sales.settings import SETTINGS

os.environ.setdefault("AIRFLOW_HOME", str(SETTINGS.root / ".airflow"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
