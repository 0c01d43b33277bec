"""A data folder with a few lines of input, away from the repository's own."""

from pathlib import Path

import pytest

DAY = "2025-11-12"

# A line that was sent again, a cancelled order, and an order of two lines.
DROPS = {
    "orders": """\
order_no,line_no,isbn,genre,quantity,status
T1,1,9783161484100,novel,2,paid
T1,2,9783257069976,crime,1,paid
T1,1,9783161484100,novel,2,paid
T2,1,9780306406157,science,1,cancelled
T3,1,9783257069976,crime,1,paid
""",
    "prices": """\
isbn,price
9783161484100,22.00
9783257069976,24.00
9780306406157,34.50
""",
    "stock": """\
isbn,supplier,on_hand,reorder_at
9783161484100,north-books,3,6
9783257069976,paper-and-co,9,6
""",
}


@pytest.fixture
def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The one day whose drops are there."""
    for table, text in DROPS.items():
        drop = tmp_path / "drops" / table / f"{DAY}.csv"
        drop.parent.mkdir(parents=True)
        drop.write_text(text, encoding="utf-8")
    monkeypatch.setenv("BOOKSHOP_DATA", str(tmp_path))
    return DAY
