from meta_pipeline.policy import SIGNERS_FILE
from tests.schedulers.detecting import DAG, detected, doubts_about

SIGNERS = "signoff.allowed_signers"


def test_the_owners_of_the_pipelines_are_who_should_sign() -> None:
    owners = "# who\n*  @everybody\n/dags/  @sales-data lead@example.com # both\n/docs/ @writers\n"
    files = {"dags/a.py": DAG, "docs/a.md": "", ".github/CODEOWNERS": owners, "CODEOWNERS": "* @nobody\n"}
    said = doubts_about(detected(files), SIGNERS)
    assert "@sales-data and lead@example.com own the pipelines (.github/CODEOWNERS:3)" in said
    assert "@writers" not in said
    signed = detected({**files, SIGNERS_FILE: "lead@example.com ssh-ed25519 AAAA\n"})
    assert not doubts_about(signed, SIGNERS)
    assert signed.reasons[SIGNERS].endswith("the keys of these people belong there")


def test_the_last_rule_that_fits_counts_and_may_name_nobody() -> None:
    owners = "* @everybody\ndags/\n[Section] @x\n!bad[ @y\n"
    assert "own the pipelines" not in doubts_about(
        detected({"dags/a.py": DAG, "CODEOWNERS": owners}), SIGNERS
    )
