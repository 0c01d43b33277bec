"""Airflow that was imported before this process was forked takes its settings from the environment anew.

A part of `probe.py`.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

BELOW_HOME = {
    "AIRFLOW__CORE__PLUGINS_FOLDER": "plugins",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER": "logs",
    "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": "logs/dag_processor",
    "AIRFLOW__SCHEDULER__CHILD_PROCESS_LOG_DIRECTORY": "logs/scheduler",
}
"""Options whose default is a folder of AIRFLOW_HOME, as it was at the import."""


def settle() -> None:
    home = Path(os.environ["AIRFLOW_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    for name, folder in BELOW_HOME.items():
        os.environ.setdefault(name, str(home / folder))
    if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" not in os.environ:
        os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{home / 'airflow.db'}"
    configuration: Any = import_module("airflow.configuration")
    settings: Any = import_module("airflow.settings")
    configuration.AIRFLOW_HOME = configuration.get_airflow_home()
    configuration.AIRFLOW_CONFIG = configuration.get_airflow_config(configuration.AIRFLOW_HOME)
    settings.AIRFLOW_HOME = configuration.AIRFLOW_HOME
    settings.initialize()
