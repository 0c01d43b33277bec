"""A sales folder with a few lines of input, away from the repository's own data."""

from pathlib import Path

import pytest

from sales.settings import Settings

DS = "2026-01-05"

STORES = """\
store_id,name,region
S01,Harbour Street,north
S02,Mill Lane,north
S04,Trade Counter,south
"""

# A repeated line, a cancelled one, a large trade order, and no sale at all in S02.
ORDERS = """\
order_id,store_id,ordered_at,product,quantity,unit_price,status
A1,S01,2026-01-04 09:10:00,desk lamp,2,39.90,completed
A1,S01,2026-01-04 09:10:00,notebook pack,1,12.50,completed
A1,S01,2026-01-04 09:10:00,desk lamp,2,39.90,completed
A2,S01,2026-01-04 11:30:00,office chair,1,189.00,cancelled
A3,S01,2026-01-04 15:00:00,storage box,1,18.75,completed
A4,S04,2026-01-04 16:20:00,standing desk,20,549.00,completed
"""

COUNTS = """\
store_id,product,on_hand,reorder_point
S01,desk lamp,8,8
S01,notebook pack,21,20
S04,standing desk,0,3
"""


@pytest.fixture
def ds() -> str:
    return DS


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(root=tmp_path)
    for path, text in (
        (settings.stores, STORES),
        (settings.raw("orders", DS), ORDERS),
        (settings.raw("inventory", DS), COUNTS),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return settings
