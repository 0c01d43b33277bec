"""How two readings of one repository's pipelines differ, record by record, each with its sentence."""
