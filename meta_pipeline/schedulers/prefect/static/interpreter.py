"""Reads one file: what its statements build are the flows and deployments that Prefect would know."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from meta_pipeline.schedulers.prefect.static import calls, deploying, methods, tracing
from meta_pipeline.schedulers.prefect.static.machine import Machine
from meta_pipeline.schedulers.prefect.static.values import Output, Run, Tags, Work
from meta_pipeline.schedulers.source.limits import MAX_STEPS, TooMuchToReadError
from meta_pipeline.schedulers.source.machine import Arguments, Site
from meta_pipeline.schedulers.source.values import UNKNOWN, External, Method, Thing


class FlowFile(Machine):
    """The machine with all that Prefect adds to Python."""

    def read_flows(self) -> tuple[Work, ...]:
        """The flows that the file, and what it imports, makes; what went wrong is in `errors`."""
        self.read()
        return tuple(self.flows)

    def trace(self, flow: Work) -> Run:
        """The calls of one flow; of one that is too much to read, those that were met."""
        self.steps = 0
        run = Run(flow, 0)
        try:
            run = tracing.trace(self, flow)
        except (TooMuchToReadError, RecursionError):
            message = f"the flow takes more than {MAX_STEPS} steps to read, or is nested too deeply"
            self.opaque(flow.site.path, flow.site.line, message)
        return run

    def keep(self, value: object) -> None:
        """Flows are noted where they are made, in whatever branch."""

    def call_external(self, external: External, arguments: Arguments, site: Site) -> object:
        made = methods.external_call(self, external, arguments, site)
        return calls.call_external(self, external, arguments, site) if made is None else made

    def call_thing(self, thing: Thing, arguments: Arguments, site: Site) -> object:
        return calls.call_thing(self, thing, arguments, site)

    def call_method(self, method: Method, arguments: Arguments, site: Site) -> object:
        if isinstance(method.receiver, deploying.Sourced):
            return deploying.flow_method(self, method.receiver, method.name, arguments, site)
        return methods.call_method(self, method, arguments, site)

    def thing_member(self, thing: Thing, name: str) -> object:
        return methods.thing_member(self, thing, name)

    def opened(self, value: object) -> AbstractContextManager[object] | None:
        if isinstance(value, Tags):
            return self.tagged([tag if isinstance(tag, str) else "unresolved" for tag in value.tags])
        return None

    def either(self, values: Sequence[object]) -> object:
        outputs = [value for value in values if isinstance(value, Output)]
        if not outputs:
            return UNKNOWN
        return Output(frozenset().union(*(one.calls for one in outputs)), min(one.levels for one in outputs))

    def outside(self) -> AbstractContextManager[object]:
        return self.tracing(None)
