"""Offers as MCP tools: names, schemas, accounts, annotations."""

import re
from datetime import UTC, datetime

import pytest

from connector_vault import Connection, Offer, Owner, State, registry
from connector_vault.mcp_servers.offers import listed
from connector_vault.signature import signature_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
NOTHING = {"type": "object", "properties": {}, "required": []}
TITLES = {"github": "GitHub", "a": "A", "a_b": "AB"}


def account(id_="con_1", label="octocat"):
    return Connection(
        id=id_,
        owner=Owner(tenant="acme", user="ada"),
        provider="github",
        kind="oauth",
        client="default",
        account="1",
        label=label,
        state=State.ACTIVE,
        reason="",
        scopes=None,
        generation=1,
        expires_at=None,
        created_at=NOW,
        changed_at=NOW,
    )


def offer(name="github.do_it", **said):
    usual = {
        "description": "Do it.",
        "effect": "reads",
        "scopes": frozenset(),
        "input_schema": NOTHING,
        "output_schema": NOTHING,
        "connections": (account(),),
    }
    usual["able"] = said.get("connections", usual["connections"])
    return Offer(name=name, **{**usual, **said})


def taking(**properties):
    return NOTHING | {"properties": properties, "required": [*properties]}


def one(given):
    (found,) = listed([given], TITLES).values()
    return found


def test_a_name_has_only_what_every_model_api_takes():
    connector = registry.load("github")
    offers = [offer(f"github.{tool.name}") for tool in connector.tools]

    found = listed(offers, TITLES)

    assert [one.name for one in found.values()] == [one.name for one in offers]
    assert "github_create_issue" in found
    assert all(re.fullmatch(r"[A-Za-z0-9_]{1,64}", name) for name in found)


def test_a_long_name_is_cut_and_stays_its_own():
    long = ["github." + "x" * 100, "github." + "x" * 101]

    found = listed([offer(name) for name in long], TITLES)

    assert {len(name) for name in found} == {64}
    assert {one.name for one in found.values()} == {*long}
    assert listed([offer(long[0])], TITLES).keys() <= found.keys()


def test_of_two_names_that_would_be_one_neither_is_lost(caplog):
    offers = [offer("a.b_c"), offer("a_b.c")]

    found = listed(offers, TITLES)

    assert {one.name for one in found.values()} == {"a.b_c", "a_b.c"}
    assert all(name.startswith("a_b_c_") for name in found)
    assert found.keys() == listed(reversed(offers), TITLES).keys()
    assert "a.b_c" in caplog.text


def test_a_title_is_in_words():
    assert one(offer("github.create_issue")).tool.title == "GitHub: create issue"


@pytest.mark.parametrize(
    ("effect", "reads", "destroys"),
    [("reads", True, False), ("writes", False, False), ("destroys", False, True)],
)
def test_annotations_say_what_a_tool_does(effect, reads, destroys):
    hints = one(offer(effect=effect)).tool.annotations

    assert (hints.read_only_hint, hints.destructive_hint) == (reads, destroys)
    assert (hints.idempotent_hint, hints.open_world_hint) == (reads, True)


def test_an_object_stays_as_it_is():
    found = one(offer(output_schema=NOTHING))

    assert (found.is_wrapped, found.tool.output_schema) == (False, NOTHING)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"$ref": "#/$defs/A"}, "$defs": {"A": {"type": "null"}}},
        {"$ref": "#/$defs/A", "$defs": {"A": {"type": "object"}}},
    ],
)
def test_anything_else_stands_below_result(schema):
    found = one(offer(output_schema=schema))

    inner = {name: part for name, part in schema.items() if name != "$defs"}
    assert found.is_wrapped
    assert found.tool.output_schema == {
        "type": "object",
        "properties": {"result": inner},
        "required": ["result"],
        "$defs": schema["$defs"],
    }


def test_one_account_is_not_asked_for():
    found = one(offer())

    assert found.tool.input_schema == NOTHING
    assert found.accounts == {"octocat": "con_1", "con_1": "con_1"}


def test_of_several_accounts_one_is_asked_for():
    found = one(offer(connections=(account(), account("con_2", "hubot"))))

    schema = found.tool.input_schema
    assert schema["required"] == ["account"]
    assert schema["properties"]["account"]["enum"] == ["octocat", "hubot"]
    assert "GitHub" in schema["properties"]["account"]["description"]
    assert found.accounts["hubot"] == "con_2"


def test_accounts_without_a_name_of_their_own_are_called_by_their_ids():
    same = (account(), account("con_2"), account("con_3", ""), account("con_4", "hubot"))

    found = one(offer(connections=same))

    named = found.tool.input_schema["properties"]["account"]["enum"]
    assert named == ["con_1", "con_2", "con_3", "hubot"]
    assert "octocat" not in found.accounts


def test_a_label_cannot_pass_for_another_account():
    found = one(offer(connections=(account("con_1", "con_2"), account("con_2", "con_1"))))

    assert found.accounts == {"con_1": "con_1", "con_2": "con_2"}


def test_a_tools_own_argument_of_that_name_stays_its_own():
    own = taking(account={"type": "integer"}, account_={"type": "integer"})

    found = one(offer(input_schema=own, connections=(account(), account("con_2", "hubot"))))

    properties = found.tool.input_schema["properties"]
    assert found.argument == "account__"
    assert properties["account"] == properties["account_"] == {"type": "integer"}
    assert properties["account__"]["enum"] == ["octocat", "hubot"]


def test_what_needs_a_file_is_left_out():
    file = {"type": "string", "format": "binary"}
    optional = taking(file=file, note={"type": "string"}) | {"required": ["note"]}

    found = listed(
        [offer("a.needs", input_schema=taking(file=file)), offer("a.may", input_schema=optional)],
        TITLES,
    )

    assert [*found] == ["a_may"]
    assert found["a_may"].tool.input_schema == taking(note={"type": "string"})


def test_nothing_of_an_offer_is_changed():
    """Somebody else may hold it."""
    connector = registry.load("github")
    signature = signature_of(connector.tools[0].function)
    given = offer(
        input_schema=signature.input_schema(),
        output_schema=signature.output_schema(),
        connections=(account(), account("con_2", "hubot")),
    )

    one(given)

    assert given.input_schema == signature.input_schema()
    assert given.output_schema == signature.output_schema()


def test_only_accounts_that_can_do_it_are_offered():
    bot, person = account(), account("con_2", "ada")

    found = one(offer(connections=(bot, person), able=(person,)))

    assert "account" not in found.tool.input_schema["properties"]
    assert set(found.accounts.values()) == {"con_2"}
