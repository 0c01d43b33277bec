"""The topology of Airflow DAGs, read from source only; no target code runs."""
