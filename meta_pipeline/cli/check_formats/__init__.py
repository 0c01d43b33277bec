"""The forms in which `check` tells its verdict, a module each; all of them take a `Judged`."""
