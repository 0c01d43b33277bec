"""The record of deliveries: stored facts, ledgers, artifacts, signatures."""
