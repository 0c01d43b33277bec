from meta_pipeline.contracts.odcs import read_odcs
from meta_pipeline.delivery.contract import Contract
from meta_pipeline.delivery.yaml_source import Unreadable

TEXT = """\
apiVersion: v3.1.0
kind: DataContract
own_key: is not refused
schema:
  - name: orders
    description: All orders
    properties:
      - name: id
        logicalType: integer
        physicalType: BIGINT
        primaryKey: true
        unique: true
      - name: status
        logicalType: string
        classification: internal
        tags: [x]
        quality:
          - {metric: invalidValues, arguments: {validValues: [new, paid]}, mustBe: 0, description: why}
          - {metric: nullValues, mustBe: 0}
          - {metric: missingValues, mustBeLessThan: 5, unit: percent}
      - name: amount
        logicalType: number
        logicalTypeOptions: {minimum: 0, maximum: 9.5, exclusiveMinimum: 0}
      - name: address
        logicalType: object
        properties:
          - {name: street, logicalType: string}
      - name: items
        logicalType: array
        items: {properties: [{name: sku}]}
"""


def only(text: str) -> Contract:
    read = read_odcs(text, "c.odcs.yaml")
    assert isinstance(read, tuple)
    return read[0]


def test_a_contract_is_normalised_with_its_lines() -> None:
    contract = only(TEXT)
    assert (contract.dataset, contract.line, contract.description) == ("orders", 5, "All orders")
    by_name = {column.name: column for column in contract.columns}
    assert list(by_name) == ["id", "status", "amount", "address", "address.street", "items", "items.sku"]
    order_id, status, amount = by_name["id"], by_name["status"], by_name["amount"]
    assert (order_id.type, order_id.required, order_id.unique, order_id.line) == ("BIGINT", True, True, 8)
    assert (status.type, status.required, status.allowed) == ("string", True, ("new", "paid"))
    assert status.rules == ("metric missingValues, mustBeLessThan 5, unit percent",)
    assert status.tags == ("internal", "x")
    assert (amount.minimum, amount.maximum, amount.rules) == (0, 9.5, ("exclusiveMinimum 0",))
    assert by_name["address.street"].line == 27


def test_what_cannot_be_read_says_where() -> None:
    assert read_odcs("schema: [\n", "c.yaml") == Unreadable(
        "c.yaml", 2, "this is not YAML: did not find expected node content"
    )
    wrong = read_odcs("schema:\n- name: a\n- name: b\n  properties: 3\n", "c.yaml")
    assert isinstance(wrong, Unreadable)
    assert (wrong.line, "'properties'" in wrong.message) == (3, True)


def test_another_kind_of_yaml_is_no_contract() -> None:
    assert read_odcs("- a\n", "x.yaml") == ()
    assert read_odcs("", "x.yaml") == ()
