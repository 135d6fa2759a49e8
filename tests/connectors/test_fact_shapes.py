"""A closed object has no further fields, and a number may be one of several."""

import pytest

from tests.connectors.fact_shapes import differences, spoiled

CLOSED = {
    "status": {"<one of>": [400, 401]},
    "json": {"<one of>": [{"<only>": {"id": "<text>", "note": "<text|none>"}}, {"data": []}]},
    "empty": {"<only>": {}},
}

ANSWER = {"status": 400, "json": {"id": "7"}, "empty": {}}


@pytest.mark.parametrize("better", [{}, {"status": 401}, {"json": {"id": "7", "note": "good"}}])
def test_a_closed_object_fits(better):
    assert differences(CLOSED, ANSWER | better) == []


@pytest.mark.parametrize(
    "worse", [{"json": {"id": "7", "more": 1}}, {"empty": {"more": 1}}, {"empty": []}]
)
def test_a_further_field_is_told(worse):
    [found] = differences(CLOSED, ANSWER | worse)
    assert found.startswith(f"answer.{next(iter(worse))}")


def test_whatever_is_spoiled_is_told():
    spoilt = list(spoiled(CLOSED, ANSWER))
    assert all(differences(CLOSED, answer) for _, answer in spoilt)
    assert {place for place, answer in spoilt if "further" in str(answer)} == {
        ("json",),
        ("empty",),
    }
