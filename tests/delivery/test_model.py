import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from meta_pipeline.delivery.ids import DeliveryId
from meta_pipeline.delivery.model import canonical_json, chunk_id, digest, digest_bytes

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
surrogates = st.text(alphabet=st.characters(categories=["Cs"]), min_size=1)


@given(json_values)
def test_canonical_json_says_the_same_and_is_stable(value: object) -> None:
    data = canonical_json(value)
    assert json.loads(data) == value
    assert canonical_json(json.loads(data)) == data
    assert b"\n" not in data


@given(st.dictionaries(st.text(), json_values, max_size=6))
def test_the_order_of_keys_is_no_part_of_a_digest(value: dict[str, object]) -> None:
    assert digest(dict(reversed(value.items()))) == digest(value)


@given(json_values, json_values)
def test_digests_are_equal_exactly_where_the_json_is(one: object, two: object) -> None:
    assert (digest(one) == digest(two)) == (canonical_json(one) == canonical_json(two))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1, -float("inf")]])
def test_numbers_that_json_does_not_know_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(value)


def test_a_value_without_a_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="set has no canonical JSON form"):
        canonical_json({"a": {1}})


def test_a_model_and_its_dump_have_one_digest_also_inside_others() -> None:
    delivery = DeliveryId.parse("sales/inbox-0007")
    plain = {"target": "sales", "source": "inbox", "number": "0007"}
    assert digest(delivery) == digest(plain)
    assert digest([delivery]) == digest([plain])


def test_a_value_is_frozen_and_refuses_unknown_fields() -> None:
    delivery = DeliveryId.parse("sales/inbox-0007")
    with pytest.raises(ValidationError, match="frozen"):
        delivery.number = "1"  # type: ignore[misc]  # the point of the test
    with pytest.raises(ValidationError, match="Extra inputs"):
        DeliveryId.model_validate({"target": "a", "source": "b", "number": "1", "other": 1})


def test_the_digest_is_the_sha256_of_the_bytes() -> None:
    # The test vector of FIPS 180-2 for the empty message.
    empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest_bytes(b"") == empty
    assert chunk_id(empty) == "e3b0c44298fc"
