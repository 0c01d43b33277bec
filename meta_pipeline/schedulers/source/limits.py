"""How much one file may ask of its reader; past a limit a value is unknown, or the file an error."""

MAX_STEPS = 400_000
MAX_CALL_DEPTH = 16
MAX_LENGTH = 10_000
MAX_FILE = 1_000_000
MAX_LINKS = 100_000
ELEMENTS_PER_STEP = 32


class TooMuchToReadError(Exception):
    """The file asks for more steps than a reader should take."""
