"""Loads the DAG folders that are given as Airflow itself does, and prints the import errors as JSON.

It runs in the target's environment and imports nothing of ours.
"""

import json
import sys

try:
    from airflow.dag_processing.dagbag import DagBag  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from airflow.models.dagbag import DagBag  # type: ignore[import-not-found, unused-ignore]


def main() -> None:
    errors = {}
    for folder in sys.argv[1:]:
        errors.update(DagBag(folder).import_errors)
    sys.stdout.write("\n" + json.dumps(errors) + "\n")


main()
