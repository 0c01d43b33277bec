"""The errors that mean that a person has to do something else; each says what, in one sentence."""


class UsageError(ValueError):
    """The command cannot be carried out as given; the text says why and how to mend it."""


def usage_errors() -> tuple[type[Exception], ...]:
    """All of them, of every part of the product; asked for once there is an error."""
    from meta_pipeline.delivery.ledger import BrokenChainError
    from meta_pipeline.evidence.signing import SigningError
    from meta_pipeline.issues.inbox import IssueError
    from meta_pipeline.lab.stack import StackError
    from meta_pipeline.policy import PolicyError
    from meta_pipeline.settings import SettingsError
    from meta_pipeline.workspace.git import GitFault
    from meta_pipeline.workspace.process import ToolMissingError

    return (
        UsageError,
        BrokenChainError,
        SigningError,
        IssueError,
        StackError,
        PolicyError,
        SettingsError,
        GitFault,
        ToolMissingError,
    )
