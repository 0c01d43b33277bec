"""The mutators of the laboratory: every class of a module in `faults` and `twins`, found by itself."""

import importlib
import inspect
import pkgutil
from functools import lru_cache

from meta_pipeline.lab import faults, twins
from meta_pipeline.lab.mutation import Mutator


@lru_cache(maxsize=1)
def mutators() -> tuple[Mutator, ...]:
    """One of each class, by id. Raises ValueError where two have the same id, or a docstring or an id is absent."""
    found: dict[str, Mutator] = {}
    for package in (faults, twins):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if kind.__module__ != module.name or not issubclass(kind, Mutator) or not hasattr(kind, "id"):
                    continue
                if not kind.__doc__:
                    raise ValueError(
                        f"{module.name}.{kind.__name__} has no docstring; say what it seeds and why it harms"
                    )
                if kind.is_harmful != (package is faults):
                    raise ValueError(
                        f"{module.name}.{kind.__name__} lies in the wrong package; move it to the other one"
                    )
                if kind.id in found:
                    raise ValueError(
                        f"two mutators have the id {kind.id}; give {module.name}.{kind.__name__} another"
                    )
                found[kind.id] = kind()
    return tuple(found[key] for key in sorted(found))
