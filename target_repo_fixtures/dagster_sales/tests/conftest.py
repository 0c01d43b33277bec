"""A lake with a few lines of input, away from the repository's own data."""

from pathlib import Path

import pytest

from storefront.lake import Lake

DAY = "2025-11-27"

# A line that was sent again, a cancelled order, and an order of two lines.
ORDERS = """\
order_no,line_no,customer_no,placed_at,market,channel,sku,quantity,unit_price,status
W1,1,C0001,2025-11-27 09:10:00,DE,web,P-100,2,24.90,confirmed
W1,2,C0001,2025-11-27 09:10:00,DE,web,P-120,1,7.50,confirmed
W1,1,C0001,2025-11-27 09:10:00,DE,web,P-100,2,24.90,confirmed
W2,1,C0002,2025-11-27 11:30:00,AT,app,P-400,1,249.00,cancelled
W3,1,C0003,2025-11-27 15:00:00,DE,phone,P-300,3,15.80,confirmed
W4,1,C0004,2025-11-27 16:20:00,NL,web,P-110,1,39.00,confirmed
"""

# W1 is paid at the second attempt, W3 not at all, and of W4 only a part.
PAYMENTS = """\
payment_no,order_no,method,amount,state,paid_at
T1,W1,card,57.30,failed,2025-11-27 09:11:00
T2,W1,card,57.30,captured,2025-11-27 09:13:00
T3,W3,invoice,47.40,failed,2025-11-27 15:02:00
T4,W4,wallet,30.00,captured,2025-11-27 16:21:00
"""

SHIPMENTS = """\
order_no,market,parcel_kind,state,promised_on
W0,DE,pallet,packed,2025-11-26
W1,DE,parcel,open,2025-11-27
W3,DE,parcel,shipped,2025-11-27
"""


@pytest.fixture
def day() -> str:
    return DAY


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    for table, text in (("orders", ORDERS), ("payments", PAYMENTS), ("shipments", SHIPMENTS)):
        drop = tmp_path / "drops" / table / f"{DAY}.csv"
        drop.parent.mkdir(parents=True)
        drop.write_text(text, encoding="utf-8")
    return Lake(root=str(tmp_path))
