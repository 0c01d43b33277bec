"""The work behind the billing DAGs; needs no Airflow."""
