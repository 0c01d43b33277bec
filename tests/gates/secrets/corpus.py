"""All samples by kind, and which half of them the gate was tuned on."""

from tests.gates.secrets import held_back_samples, more_samples, secret_samples
from tests.gates.secrets.made_values import Samples


def tuned() -> tuple[Samples, Samples]:
    """Planted and harmless samples that the rules were fitted to: the first ones, and each second of those after."""
    return (
        secret_samples.planted() | _each_second(more_samples.planted(), 0),
        secret_samples.harmless() | _each_second(more_samples.harmless(), 0),
    )


def held_back() -> tuple[Samples, Samples]:
    """Planted and harmless samples that were only measured."""
    return (
        held_back_samples.planted() | _each_second(more_samples.planted(), 1),
        held_back_samples.harmless() | _each_second(more_samples.harmless(), 1),
    )


def _each_second(samples: Samples, first: int) -> Samples:
    return dict(list(samples.items())[first::2])
