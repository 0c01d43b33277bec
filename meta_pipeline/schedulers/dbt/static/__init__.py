"""The topology of a dbt project from its files alone: nothing of the project is run, and dbt is not needed."""
