"""Imports every Python file of the folders that are given, and prints the error of each as JSON.

It runs in the target's environment and imports nothing of ours.
"""

import importlib.util
import json
import sys
import traceback
from pathlib import Path


def main() -> None:
    sys.path.insert(0, str(Path.cwd()))
    errors = {}
    for folder in sys.argv[1:]:
        for path in sorted(Path(folder).rglob("*.py")):
            spec = importlib.util.spec_from_file_location(f"flow_{path.stem}", path)
            if spec is None or spec.loader is None:
                continue
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            try:
                spec.loader.exec_module(module)
            except (Exception, SystemExit):  # noqa: BLE001  whatever a file raises is its error
                errors[str(path)] = traceback.format_exc()
    sys.stdout.write("\n" + json.dumps(errors) + "\n")


main()
