"""Gates that people name in what they write: each must be there, and a slip of the pen is told with what was meant."""

from difflib import get_close_matches

from meta_pipeline.delivery.tree import Tree, text_of
from meta_pipeline.gates.catalogue import catalogue
from meta_pipeline.policy import POLICY_FILE, Policy, PolicyError
from meta_pipeline.settings import Home, SettingsError
from meta_pipeline.written import line_in


def no_such_gate(gate: str) -> str | None:
    """What is wrong with the id of a gate, and how to mend it; None where there is such a gate."""
    known = catalogue().gates
    if gate in known:
        return None
    near = get_close_matches(gate.upper(), known, n=1, cutoff=0.7)
    hint = (
        f"write '{near[0]}'" if near else "'meta-pipeline gates' lists them, with those of installed packages"
    )
    return f"unknown gate '{gate}'; {hint}"


def require_gates_of_policy(policy: Policy, tree: Tree) -> None:
    """Raise `PolicyError` where the policy in `tree` names a gate that is not there: it would hold nothing shut."""
    wrong = {gate: said for gate in policy.gates if (said := no_such_gate(gate)) is not None}
    if wrong:
        text = text_of(tree, POLICY_FILE) or ""
        raise PolicyError(
            " ".join(f"{POLICY_FILE}:{line_in(text, 'gates', gate)}: {said}." for gate, said in wrong.items())
        )


def require_gates_of_settings(home: Home) -> None:
    """Raise `SettingsError` where the operator's settings name a gate that is not there."""
    for target in home.settings().targets:
        for gate in target.gates:
            if (said := no_such_gate(gate)) is not None:
                raise SettingsError(f"{home.settings_file}: target '{target.name}' names an {said}.")
