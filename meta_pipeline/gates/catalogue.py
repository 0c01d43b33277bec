"""Finds every gate: those of this package, in modules `<id>_<name>.py`, and those of other installed packages."""

import importlib
import inspect
import pkgutil
import re
from functools import cache

import meta_pipeline.gates
from meta_pipeline.gates.gate import Catalogue, Gate
from meta_pipeline.gates.packages import gates_of_packages

_GATE_MODULE = re.compile(r"[a-z]+\d+_\w+")


@cache
def catalogue() -> Catalogue:
    """Every gate that is installed, sorted by id; raises `ValueError` where two of this package share an id."""
    own = own_gates()
    others = gates_of_packages(own.gates)
    gates = {**own.gates, **{found.gate.id: found.gate for found in others}}
    return Catalogue(dict(sorted(gates.items())), {found.gate.id: found.package for found in others})


@cache
def own_gates() -> Catalogue:
    """The gates of this package alone."""
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
