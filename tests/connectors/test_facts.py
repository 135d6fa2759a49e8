"""Every emulator answers as the documentation says. The tables' author has not seen a connector.

Where a test fails, the documentation, the table or the emulator is mistaken: find out which.
"""

import httpx2
import pytest

from connector_vault import emulator, registry
from tests.connectors.fact_check import consent, filled, play, tables
from tests.connectors.fact_shapes import differences, spoiled
from tests.connectors.fact_signature import signature

TABLES = {name: table for name, table in tables().items() if name in registry.names()}

STORIES = [(name, story) for name, table in TABLES.items() for story in table["stories"]]

KNOWN = {}
"""(provider, story, exchange): why an emulator is allowed to answer otherwise."""


@pytest.fixture(scope="module")
def played():
    """Keep what was played: every story is told once for both tests of it."""
    return {}


@pytest.fixture
async def exchanges(played, provider, story):
    """Give the exchanges of a story, with the answers of a running emulator."""
    if (provider, story) not in played:
        table = TABLES[provider]
        async with (
            emulator.running(provider, consent=consent(table, story)) as world,
            httpx2.AsyncClient(base_url=world.url) as http,
        ):
            played[provider, story] = await play(table, story, provider, world, http)
    return played[provider, story]


@pytest.mark.parametrize(("provider", "story"), STORIES)
async def test_an_emulator_answers_as_the_facts_say(provider, story, exchanges):
    known = {name for *place, name in KNOWN if place == [provider, story]}
    wrong = {one.name: one.differences for one in exchanges if one.differences}
    if told := _told(wrong, known):
        pytest.fail(told, pytrace=False)


@pytest.mark.parametrize(("provider", "story"), STORIES)
async def test_an_answer_changed_in_one_field_fails(provider, story, exchanges):
    good = [one for one in exchanges if not one.differences]
    missed = [
        f"{one.name}: {'.'.join(map(str, place))}"
        for one in good
        for place, answer in spoiled(one.shape, one.answer)
        if not differences(one.shape, answer)
    ]
    assert not missed


def test_no_two_exchanges_of_a_story_share_a_name():
    """A difference could not be found by its name."""
    for provider, story in STORIES:
        names = [step["name"] for step in TABLES[provider]["stories"][story] if "answer" in step]
        assert len(names) == len(set(names)), (provider, story)


def test_an_open_question_allows_more_than_one_answer():
    """What is marked as unsure and is not would hide that a fact is missing."""
    for provider, story in STORIES:
        for step in TABLES[provider]["stories"][story]:
            assert not step.get("unsure") or "<one of>" in str(step["answer"]), step["name"]


SHAPE = {
    "status": 200,
    "id": "<integer>",
    "name": "<string|null>",
    "key": "~k_[a-z]{3}",
    "when": "<time>",
    "secret": "<none>",
    "items": [{"live": "<boolean>"}],
    "pair": ["<text>", 2],
    "end": {"<one of>": [{"code": "gone"}, {"code": "dead", "since": "<integer>"}]},
}

GOOD = {
    "status": 200,
    "id": 7,
    "name": None,
    "key": "k_abc",
    "when": "2026-01-02T03:04:05.678Z",
    "items": [{"live": True}, {"live": False}],
    "pair": ["one", 2],
    "end": {"code": "dead", "since": 3},
    "further": "is allowed",
}

BAD = [
    ("status", 201),
    ("status", "200"),
    ("status", True),
    ("id", True),
    ("id", "7"),
    ("id", 7.5),
    ("name", 7),
    ("key", "k_abcd"),
    ("key", "k_abc\n"),
    ("when", "2026-01-02"),
    ("secret", None),
    ("items", []),
    ("items", [{"live": True}, {}]),
    ("items", {"live": True}),
    ("pair", ["one"]),
    ("pair", ["", 2]),
    ("pair", ["one", 2, 3]),
    ("end", {"code": "dead"}),
    ("end", None),
]


def test_an_answer_of_the_right_shape_has_no_differences():
    assert differences(SHAPE, GOOD) == []


@pytest.mark.parametrize(("field", "value"), BAD)
def test_an_answer_of_another_shape_is_told_apart(field, value):
    [found] = differences(SHAPE, GOOD | {field: value})
    assert found.startswith(f"answer.{field}")


@pytest.mark.parametrize("field", sorted(GOOD.keys() - {"further"}))
def test_an_answer_without_a_field_is_told_apart(field):
    found = differences(SHAPE, {name: GOOD[name] for name in GOOD if name != field})
    assert found[0].startswith(f"answer.{field}")


def test_every_listed_field_is_spoiled():
    spoiled_places = {".".join(map(str, place)) for place, _ in spoiled(SHAPE, GOOD)}
    inner = {"items.0", "items.0.live", "pair.0", "pair.1", "end.code", "end.since"}
    assert spoiled_places == SHAPE.keys() | inner


def test_a_shape_that_takes_anything_is_caught_when_its_answer_is_spoiled():
    answer = {"name": "anything"}
    assert not all(
        differences({"name": "~(?s:.*)"}, bad) for _, bad in spoiled({"name": "~.*"}, answer)
    )


def test_a_placeholder_in_a_pattern_stands_for_itself():
    assert filled("~{client}:[0-9]{3}", {"client": "a.b"}) == r"~a\.b:[0-9]{3}"


def test_a_placeholder_alone_keeps_its_type():
    assert filled({"number": "{number}"}, {"number": 7}) == {"number": 7}


def test_a_placeholder_that_nothing_gave_is_an_error():
    with pytest.raises(KeyError, match="code"):
        filled(["{code}"], {})


GITHUB = {"prefix": "sha256=", "coding": "hex", "signs": "{body}"}

SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_a_published_signature_comes_out():
    """GitHub's own vector: docs.github.com, validating webhook deliveries."""
    assert signature(GITHUB, "It's a Secret to Everybody", "Hello, World!") == SIGNATURE


def _told(wrong, known):
    """Give a line for each thing that is not as it should be."""
    new = [f"{name}: {one}" for name in wrong.keys() - known for one in wrong[name]]
    mended = [f"{name}: no longer differs, take it out of KNOWN" for name in known - wrong.keys()]
    return "\n".join(sorted(new + mended))
