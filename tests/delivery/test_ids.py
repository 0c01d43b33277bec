import pytest
from hypothesis import given
from hypothesis import strategies as st

from meta_pipeline.delivery.ids import DeliveryId

targets = st.from_regex(r"[a-z][a-z0-9_]{0,62}", fullmatch=True)
partition_keys = st.from_regex(r"[a-z]+-[A-Za-z0-9]+", fullmatch=True)


@given(targets, partition_keys)
def test_an_id_is_read_back_in_all_its_forms(target: str, partition_key: str) -> None:
    delivery = DeliveryId.parse(f"{target}/{partition_key}")
    assert str(delivery) == f"{target}/{partition_key}"
    assert DeliveryId.of_partition(delivery.target, delivery.partition_key) == delivery
    assert delivery.branch == f"meta-pipeline/{partition_key}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sales",
        "sales/",
        "/inbox-1",
        "Sales/inbox-1",
        "sales/inbox",
        "sales/inbox-",
        "sales/inbox-1/2",
        "sales/../secrets-1",
        "../inbox-1",
        "sales/inbox-1\n",
        "sales/inbox-1 ",
    ],
)
def test_what_is_no_id_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match="<source>-<number>, as"):
        DeliveryId.parse(text)


@given(st.text(max_size=20))
def test_no_text_becomes_an_id_that_leaves_its_folder(text: str) -> None:
    try:
        delivery = DeliveryId.parse(text)
    except ValueError:
        return
    assert not {"..", "."} & {delivery.target, *delivery.partition_key.split("/")}
    assert str(delivery).count("/") == 1
