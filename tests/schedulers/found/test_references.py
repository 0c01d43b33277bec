from tests.schedulers.detecting import detected


def test_runbooks_get_names_of_their_own() -> None:
    files = {
        "docs/runbooks/orders.md": "",
        "docs/runbooks/README.md": "",
        "docs/stock_runbook.md": "",
        "README.rst": "",
    }
    assert detected(files).policy.references == {
        "readme": "README.rst",
        "runbook": "docs/runbooks/README.md",
        "runbook_orders": "docs/runbooks/orders.md",
        "runbook_stock": "docs/stock_runbook.md",
    }
