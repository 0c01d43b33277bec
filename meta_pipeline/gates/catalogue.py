"""Finds every gate of this package: a module `<id>_<name>.py` holds one class with that id."""

import importlib
import inspect
import pkgutil
import re
from functools import cache

import meta_pipeline.gates
from meta_pipeline.gates.gate import Catalogue, Gate

_GATE_MODULE = re.compile(r"[a-z]+\d+_\w+")


@cache
def catalogue() -> Catalogue:
    """Every gate, sorted by id; raises `ValueError` where two gates share one."""
    found: dict[str, Gate] = {}
    for module_info in pkgutil.iter_modules(meta_pipeline.gates.__path__):
        if not _GATE_MODULE.fullmatch(module_info.name):
            continue  # what gates share; some of it loads a parser, which few changes need
        module = importlib.import_module(f"{meta_pipeline.gates.__name__}.{module_info.name}")
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__ and issubclass(kind, Gate) and not inspect.isabstract(kind):
                if kind.id in found:
                    raise ValueError(f"{module.__name__}: the gate id {kind.id} is taken; give it another.")
                found[kind.id] = kind()
    return Catalogue(dict(sorted(found.items())))
