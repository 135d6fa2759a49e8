"""What a tool takes and gives: schemas for models, checks for us."""

import contextlib
import io
import json
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from connector_vault.connector import Api, File
from connector_vault.errors import BadArguments, Misconfigured
from connector_vault.signature import signature_of

HUSH = "hush-hush"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a thing."""

    name: str
    size: int = 1


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A thing."""

    id: int
    parts: list[Part] = field(default_factory=list)


async def make(
    api: Api,
    name: Annotated[str, Field(description="What it is called.", max_length=10)],
    kind: Literal["big", "small"] = "big",
    count: Annotated[int, Field(ge=1, le=9)] = 1,
    tags: list[str] | None = None,
    part: Part | None = None,
    ratio: float = 0.5,
) -> Thing:
    """Make a thing."""
    return Thing(id=count)


async def attach(api: Api, file: File, cover: File | None = None, note: str = "") -> None:
    """Attach a file."""


async def nothing(api: Api) -> None:
    """Do nothing."""


class Held(io.BytesIO):
    name = "a.txt"
    size = 3

    def read(self, piece):
        return self.getvalue()[piece.start : piece.stop]


MAKE = signature_of(make)
WRONG = [
    ({}, "name"),
    ({"name": 7}, "name"),
    ({"name": None}, "name"),
    ({"name": HUSH * 9}, "name"),
    ({"name": "x", "kind": HUSH}, "kind"),
    ({"name": "x", "count": 0}, "count"),
    ({"name": "x", "count": "1"}, "count"),
    ({"name": "x", "count": 1.5}, "count"),
    ({"name": "x", "count": True}, "count"),
    ({"name": "x", "tags": HUSH}, "tags"),
    ({"name": "x", "tags": [1]}, "tags.0"),
    ({"name": "x", "part": {"size": 1}}, "part.name"),
    ({"name": "x", "ratio": float("inf")}, "JSON"),
    ({"name": "x", "api": HUSH}, "api"),
    ({"name": "x", HUSH[:4]: 1}, HUSH[:4]),
    ({"name": "x", "tags": [b"bytes"]}, "JSON"),
]


def test_a_schema_says_what_a_model_needs():
    schema = MAKE.input_schema()

    assert (schema["type"], schema["required"]) == ("object", ["name"])
    assert schema["additionalProperties"] is False
    assert schema["properties"]["name"] == {
        "description": "What it is called.",
        "maxLength": 10,
        "type": "string",
    }
    assert schema["properties"]["kind"]["enum"] == ["big", "small"]
    assert schema["properties"]["kind"]["default"] == "big"
    assert "api" not in schema["properties"]


def test_a_schema_says_nothing_twice():
    assert '"title"' not in json.dumps(MAKE.input_schema()["properties"])


def test_a_schema_of_nothing_is_an_empty_object():
    schema = signature_of(nothing).input_schema()

    assert (schema["properties"], schema["required"]) == ({}, [])


def test_a_result_has_a_schema():
    schema = MAKE.output_schema()

    assert set(schema["properties"]) == {"id", "parts"}
    assert json.dumps(signature_of(nothing).output_schema())


def test_a_schema_is_nobodys_to_change():
    MAKE.input_schema()["properties"].clear()

    assert MAKE.input_schema()["properties"]


def test_arguments_are_what_the_function_is_called_with():
    bound = MAKE.bind({"name": "x", "part": {"name": "y"}, "tags": ["a"]})

    assert bound == {"name": "x", "part": Part(name="y"), "tags": ["a"]}


def test_what_was_left_out_is_left_to_the_function():
    assert MAKE.bind({"name": "x"}) == {"name": "x"}


def test_nothing_may_be_given_for_what_may_be_nothing():
    assert MAKE.bind({"name": "x", "tags": None}) == {"name": "x", "tags": None}


@pytest.mark.parametrize(("arguments", "told"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_argument_is_named_and_its_value_not_repeated(arguments, told):
    with pytest.raises(BadArguments, match=told) as caught:
        MAKE.bind(arguments)

    assert HUSH not in str(caught.value)
    assert caught.value.__cause__ is None
    assert "\n" not in str(caught.value)


def test_a_whole_number_may_be_written_with_a_point():
    """As JSON Schema has it, and as clients send that know no other numbers."""
    bound = MAKE.bind({"name": "x", "count": 2.0})

    assert (bound["count"], type(bound["count"])) == (2, int)


def test_a_name_that_may_be_anything_is_not_repeated():
    with pytest.raises(BadArguments) as caught:
        MAKE.bind({"name": "x", f"{HUSH}\n\x1b[31m": 1, "a" * 40: 1})

    assert str(caught.value).count("…: ") == 2
    assert HUSH not in str(caught.value)


def test_many_faults_are_told_in_one_short_line():
    with pytest.raises(BadArguments) as caught:
        MAKE.bind({"name": "x", **{f"{'x' * 500}{number}": 1 for number in range(100)}})

    assert len(str(caught.value)) < 2_000


def test_a_file_is_handed_over_and_never_named():
    signature = signature_of(attach)
    held = Held(b"abc")

    assert signature.bind({"file": held, "note": "x"}) == {"file": held, "note": "x"}
    for wrong in ({}, {"file": "/etc/passwd"}, {"file": held, "cover": "/etc/passwd"}):
        with pytest.raises(BadArguments, match="calling program"):
            signature.bind(wrong)


def test_a_file_is_no_plain_argument():
    with pytest.raises(BadArguments):
        MAKE.bind({"name": Held(b"abc")})


def test_a_result_becomes_what_json_can_say():
    assert MAKE.dump(Thing(id=1, parts=[Part(name="x")])) == {
        "id": 1,
        "parts": [{"name": "x", "size": 1}],
    }


@pytest.mark.parametrize("value", ["text", None, {"id": "x"}, 7])
def test_a_result_of_another_type_is_no_result(value):
    with pytest.raises(Exception, match=r"expected|valid|Expected"):
        MAKE.dump(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["name", "kind", "count", "tags", "part", "x"]), JSON))
def test_wild_arguments_are_bound_or_refused(arguments):
    with contextlib.suppress(BadArguments):
        bound = MAKE.bind(arguments)
        assert set(bound) == set(arguments)


async def untyped(api, number, more: int = 1):
    """Say too little."""


async def anything(api: Api, *args: int) -> None:
    """Take what no schema can say."""


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (untyped, "no type for number, return"),
        (anything, r"takes \*args"),
        (lambda: None, "return"),
    ],
)
def test_what_no_schema_can_be_made_of_is_told_to_its_author(function, told):
    with pytest.raises(Misconfigured, match=told):
        signature_of(function)
