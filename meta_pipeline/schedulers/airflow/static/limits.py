"""How much one DAG file may ask of its reader; past a limit a value is unknown, or the file an error."""

MAX_STEPS = 400_000
MAX_CALL_DEPTH = 16
MAX_LENGTH = 100_000
