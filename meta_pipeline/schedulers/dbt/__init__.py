"""dbt: what a project's own files say."""
