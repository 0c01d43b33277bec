"""A value that only a run gives, as flows hold it while they are followed; a part of `probe.py`."""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Iterator
from typing import Any


def part(name: str) -> Any:
    return sys.modules["prefect_probe"].part(name)


def wanted(frame: Any) -> int:
    """How many elements the code of a frame takes just now: `a, b = value` takes two."""
    if frame is None:
        return 1
    code, at = frame.f_code.co_code, frame.f_lasti
    if code[at] == dis.opmap["UNPACK_SEQUENCE"]:
        return int(code[at + 1])
    if code[at] == dis.opmap["UNPACK_EX"]:
        return int(code[at + 1]) + 1
    return 1


class Symbol:
    """A value that only a run gives. It knows whose result, or element of a result, it is, as Prefect does."""

    def __init__(self, calls: tuple[Any, ...] = (), levels: int = 1) -> None:
        # Named so that no attribute of a real result is taken for one of these.
        self.symbol_calls, self.symbol_levels = calls, levels

    def _element(self) -> Symbol:
        return Symbol(self.symbol_calls, self.symbol_levels - 1) if self.symbol_levels else Symbol()

    def result(self, *_: Any, **__: Any) -> Symbol:
        return self

    wait = result
    aresult = result

    def __await__(self) -> Any:
        yield from ()
        return self

    def __getitem__(self, key: Any) -> Symbol:
        return self._element()

    def __iter__(self) -> Iterator[Symbol]:
        """One element for a loop, or as many as there are names that it is bound to."""
        frame = inspect.currentframe()
        return iter([self._element() for _ in range(wanted(frame.f_back if frame else None))])

    async def __aiter__(self) -> Any:
        yield self._element()

    def __getattr__(self, name: str) -> Symbol:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Symbol()

    def __call__(self, *_: Any, **__: Any) -> Symbol:
        return Symbol()

    def __bool__(self) -> bool:
        trace = part("probe_trace").current
        return True if trace is None else bool(trace.decide())

    def __len__(self) -> int:
        return 1 if bool(self) else 0

    def __contains__(self, item: Any) -> bool:
        return bool(self)

    def __int__(self) -> int:
        return 1

    __index__ = __int__

    def __float__(self) -> float:
        return 1.0

    def __str__(self) -> str:
        return "value"

    __repr__ = __str__

    def __format__(self, specification: str) -> str:
        return "value"

    def __fspath__(self) -> str:
        return "value"

    def __hash__(self) -> int:
        return id(self)

    def __enter__(self) -> Any:
        return Symbol()

    def __exit__(self, *_: object) -> None:
        return None

    async def __aenter__(self) -> Any:
        return Symbol()

    async def __aexit__(self, *_: object) -> None:
        return None

    def _other(self, *_: Any) -> Symbol:
        return Symbol()

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _other  # type: ignore[assignment]
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _other
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = __abs__ = _other
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __matmul__ = __rmatmul__ = _other
    __round__ = __invert__ = __pos__ = _other
