"""The sales team's pipeline code: extract, transform and load, without any Airflow in it."""
