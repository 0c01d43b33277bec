"""Airflow: topology from source, and the probe that runs inside the target's environment."""
