"""The pages that pipelines and their data have in the lineage, and which of them a change touches."""
