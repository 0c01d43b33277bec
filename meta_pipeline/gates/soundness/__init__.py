"""What source alone shows to be broken: texts that nobody can read, names and modules that are not there."""
