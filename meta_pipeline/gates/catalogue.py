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
    for name in _gate_modules():
        module = importlib.import_module(name)
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__ and issubclass(kind, Gate) and not inspect.isabstract(kind):
                if kind.id in found:
                    raise ValueError(f"{module.__name__}: the gate id {kind.id} is taken; give it another.")
                found[kind.id] = kind()
    return Catalogue(dict(sorted(found.items())))


def _gate_modules() -> list[str]:
    """Not what gates share: some of that loads a parser, which few changes need."""
    root = meta_pipeline.gates
    folders = [
        root,
        *(
            importlib.import_module(f"{root.__name__}.{found.name}")
            for found in pkgutil.iter_modules(root.__path__)
            if found.ispkg
        ),
    ]
    return [
        f"{folder.__name__}.{found.name}"
        for folder in folders
        for found in pkgutil.iter_modules(folder.__path__)
        if _GATE_MODULE.fullmatch(found.name)
    ]
