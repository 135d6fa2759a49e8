"""Notion's tools: what each does to the played Notion, and what it returns."""

import pytest

from connector_vault.connector import OutcomeUnknown, Refused
from tests.connectors.played_notion import (
    ADA,
    HANDBOOK,
    HOLIDAYS,
    ROWS,
    TASKS,
    playing,
    run,
)

NEW = {"parent_page_id": HANDBOOK}
ALL = {
    "Done": {"checkbox": True},
    "Priority": {"select": "High"},
    "State": {"status": "Done"},
    "Tags": {"multi_select": ["a", "b"]},
    "Due": {"date": {"start": "2026-03-11", "end": "2026-03-12"}},
    "Effort": {"number": 2.5},
    "Notes": {"rich_text": "n" * 4001},
    "Link": {"url": "https://x.example/"},
    "Mail": {"email": "a@x.example"},
    "Phone": {"phone_number": "1"},
    "Who": {"people": [ADA]},
    "Blocks": {"relation": [HOLIDAYS]},
    "Files": {"files": [{"name": "f", "url": "https://x.example/f"}]},
}
BLOCKS = [
    {"type": "heading_1", "text": "Top"},
    {"type": "to_do", "text": "Do", "checked": True, "children": [{"type": "divider"}]},
    {"type": "code", "text": "x = 1", "language": "python"},
    {"type": "callout", "text": "Mind", "emoji": "💡"},
    {"type": "equation", "text": "e=mc^2"},
    {"type": "bookmark", "url": "https://x.example/", "text": "X"},
    {"type": "embed", "url": "https://x.example/e"},
    {"type": "image", "url": "https://x.example/i.png", "text": "I"},
]


@pytest.fixture
async def notion():
    async with playing() as notion:
        yield notion


@pytest.fixture
async def api(notion):
    return notion.door(await notion.tokens())


async def made(api, **arguments):
    return (await run(api, "create_page", **{**NEW, **arguments}))["id"]


async def markdown(api, page):
    return (await run(api, "get_page_markdown", page_id=page))["markdown"]


async def test_a_search_finds_titles_page_by_page(api):
    first = await run(api, "search", page_size=3)
    rest = await run(api, "search", page_size=3, start_cursor=first["next_cursor"])
    titles = {one["title"] for one in first["results"] + rest["results"]}
    assert titles == {"Handbook", "Holidays", "Tasks", "Write the plan", "Read it"}
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(("kind", "id_"), [("page", HOLIDAYS), ("data_source", ROWS)])
async def test_a_search_may_be_for_one_kind(api, kind, id_):
    found = await run(api, "search", kind=kind, direction="ascending")
    assert {one["object"] for one in found["results"]} == {kind}
    assert id_ in [one["id"] for one in found["results"]]


async def test_a_page_is_read_with_its_place(api):
    page = await run(api, "retrieve_page", page_id=HOLIDAYS)
    assert (page["title"], page["parent"]) == ("Holidays", {"type": "page_id", "id": HANDBOOK})
    assert (page["in_trash"], page["is_locked"]) == (False, False)


async def test_every_type_of_property_is_written_and_read(api):
    row = await run(api, "create_page", data_source_id=ROWS, title="Row", properties=ALL)
    values = {name: one["value"] for name, one in row["properties"].items()}
    plain = {name: next(iter(said.values())) for name, said in ALL.items()}
    plain |= {"Files": ["f"], "Due": {**plain["Due"], "time_zone": None}, "Number": "3"}
    assert values.items() >= {"Name": "Row", **plain}.items()
    assert values.keys() == {*plain, "Name", "Made", "Made by"}


async def test_a_property_is_cleared(api):
    row = await run(api, "create_page", data_source_id=ROWS, title="Row", properties=ALL)
    none = {"Priority": {"select": None}, "Due": {"date": None}, "Tags": {"multi_select": []}}
    page = await run(api, "update_page", page_id=row["id"], properties=none, title="")
    values = {name: one["value"] for name, one in page["properties"].items()}
    assert values.items() >= {"Priority": None, "Due": None, "Name": "", "Done": True}.items()
    assert values["Tags"] == []


async def test_only_the_properties_asked_for_are_shown(api):
    found = await run(api, "query_data_source", data_source_id=ROWS, properties=["Done"])
    row = await run(api, "retrieve_page", page_id=found["rows"][0]["id"], properties=[])
    assert [list(one["properties"]) for one in found["rows"]] == [["Done"], ["Done"]]
    assert (row["properties"], row["title"]) == ({}, found["rows"][0]["title"])


async def test_a_page_is_made_of_markdown_whose_heading_is_its_title(api):
    page = await run(api, "create_page", **NEW, markdown="# Plan\n\nOne\n- two\n\t- three")
    assert page["title"] == "Plan"
    assert await markdown(api, page["id"]) == "One\n- two\n\t- three"


async def test_a_page_is_made_of_blocks_in_the_workspace(api):
    page = await run(
        api,
        "create_page",
        workspace=True,
        title="Mine",
        blocks=BLOCKS,
        emoji="🎈",
        cover_url="https://x.example/c.png",
    )
    found = await run(api, "get_block_children", block_id=page["id"])
    assert page["parent"] == {"type": "workspace", "id": None}
    assert [one["type"] for one in found["blocks"]] == [one["type"] for one in BLOCKS]
    assert [one["text"] for one in found["blocks"]] == [one.get("text", "") for one in BLOCKS]
    assert [one["url"] for one in found["blocks"]] == [one.get("url") for one in BLOCKS]
    assert found["blocks"][1]["has_children"]


async def test_markdown_is_replaced_in_parts_inserted_and_replaced_whole(api):
    page = await made(api, markdown="one\ntwo\ntwo")
    await run(
        api,
        "update_page_markdown",
        page_id=page,
        replacements=[{"old": "two", "new": "three", "everywhere": True}],
    )
    await run(api, "update_page_markdown", page_id=page, insert="zero", position="start")
    await run(api, "update_page_markdown", page_id=page, insert="four")
    assert await markdown(api, page) == "zero\none\nthree\nthree\nfour"
    said = await run(api, "update_page_markdown", page_id=page, replace_all="- [x] all\n---")
    assert said["markdown"] == await markdown(api, page) == "- [x] all\n---"


async def test_what_stands_twice_or_not_at_all_is_not_replaced(api):
    page = await made(api, markdown="two\ntwo")
    for old in ("two", "ten"):
        with pytest.raises(Refused, match="validation_error"):
            await run(
                api,
                "update_page_markdown",
                page_id=page,
                replacements=[{"old": old, "new": ""}],
            )


async def test_a_child_page_is_not_written_over(api):
    with pytest.raises(Refused, match=HOLIDAYS):
        await run(api, "update_page_markdown", page_id=HANDBOOK, replace_all="gone")
    assert "Holidays" in await markdown(api, HANDBOOK)


async def test_what_markdown_cannot_say_is_named(api):
    page = await made(api, blocks=BLOCKS)
    said = await run(api, "get_page_markdown", page_id=page, include_transcript=True)
    assert said["truncated"]
    assert len(said["unknown_block_ids"]) == 2


async def test_blocks_are_added_where_they_are_wanted(api):
    page = await made(api, markdown="middle")
    for text, where in (("first", "start"), ("last", None)):
        blocks = [{"type": "paragraph", "text": text}]
        place = {"position": where} if where else {}
        await run(api, "append_blocks", block_id=page, blocks=blocks, **place)
    (first, *_) = (await run(api, "get_block_children", block_id=page))["blocks"]
    second = [{"type": "bulleted_list_item", "text": "second"}]
    said = await run(api, "append_blocks", block_id=page, blocks=second, after=first["id"])
    assert [one["text"] for one in said["blocks"]] == ["second"]
    assert await markdown(api, page) == "first\n- second\nmiddle\nlast"


async def test_a_page_moves_below_another_and_into_a_table(api):
    page = await made(api, title="Wanderer")
    below = await run(api, "move_page", page_id=page, parent_page_id=HOLIDAYS)
    inside = await run(api, "move_page", page_id=page, data_source_id=ROWS)
    assert below["parent"] == {"type": "page_id", "id": HOLIDAYS}
    assert inside["parent"] == {"type": "data_source_id", "id": ROWS}
    assert (inside["title"], inside["properties"]["Name"]["type"]) == ("Wanderer", "title")


async def test_a_page_goes_into_the_trash_and_comes_out_again(api):
    page = await made(api, title="Old")
    assert (await run(api, "trash_page", page_id=page))["in_trash"]
    with pytest.raises(Refused, match="validation_error"):
        await run(api, "update_page", page_id=page, title="Newer")
    assert not (await run(api, "update_page", page_id=page, restore=True))["in_trash"]
    locked = await run(api, "update_page", page_id=page, is_locked=True, emoji="🔒")
    assert locked["is_locked"]


async def test_a_database_tells_its_sources_and_a_source_its_columns(api):
    database = await run(api, "retrieve_database", database_id=TASKS)
    assert (database["title"], database["data_sources"]) == (
        "Tasks",
        [{"id": ROWS, "name": "Tasks"}],
    )
    source = await run(api, "retrieve_data_source", data_source_id=ROWS)
    columns = source["properties"]
    assert (source["database_id"], columns["Priority"]["options"]) == (TASKS, ["Low", "High"])
    assert columns["Blocks"]["data_source_id"] == ROWS


@pytest.mark.parametrize(
    ("filter_", "titles"),
    [
        (None, ["Read it", "Write the plan"]),
        ({"property": "Done", "checkbox": {"equals": True}}, ["Write the plan"]),
        ({"property": "Name", "title": {"contains": "Read"}}, ["Read it"]),
        (
            {
                "and": [
                    {"property": "Done", "checkbox": {"equals": False}},
                    {"property": "Due", "date": {"is_empty": True}},
                ]
            },
            ["Read it"],
        ),
        ({"timestamp": "created_time", "created_time": {"before": "2000-01-01"}}, []),
    ],
)
async def test_rows_are_filtered_and_sorted(api, filter_, titles):
    sorts = [{"property": "Name"}, {"timestamp": "created_time", "direction": "descending"}]
    asked = {"filter": filter_} if filter_ else {}
    found = await run(api, "query_data_source", data_source_id=ROWS, sorts=sorts, **asked)
    assert [row["title"] for row in found["rows"]] == titles
    assert not found["incomplete"]


async def test_rows_come_page_by_page_and_from_the_trash(api):
    first = await run(api, "query_data_source", data_source_id=ROWS, page_size=1)
    cursor = first["next_cursor"]
    rest = await run(api, "query_data_source", data_source_id=ROWS, start_cursor=cursor)
    await run(api, "trash_page", page_id=rest["rows"][0]["id"])
    trash = await run(api, "query_data_source", data_source_id=ROWS, in_trash=True)
    assert [row["id"] for row in trash["rows"]] == [rest["rows"][0]["id"]] == [cursor]


async def test_a_discussion_is_begun_answered_and_read(api):
    begun = await run(api, "create_comment", page_id=HANDBOOK, text="Why?")
    await run(api, "create_comment", discussion_id=begun["discussion_id"], markdown="**Because**")
    found = await run(api, "list_comments", block_id=HANDBOOK)
    assert [one["text"] for one in found["comments"]] == ["Why?", "**Because**"]
    assert {one["discussion_id"] for one in found["comments"]} == {begun["discussion_id"]}
    assert begun["author"] == "Emulated App"


async def test_a_block_is_commented_on(api):
    (block, *_) = (await run(api, "get_block_children", block_id=HANDBOOK))["blocks"]
    said = await run(api, "create_comment", block_id=block["id"], text="Here")
    assert said["parent"] == {"type": "block_id", "id": block["id"]}


async def test_people_are_listed(api):
    found = await run(api, "list_users", page_size=2)
    assert [(one["name"], one["type"]) for one in found["users"]] == [
        ("Ada Lovelace", "person"),
        ("Grace Hopper", "person"),
    ]
    last = await run(api, "list_users", start_cursor=found["next_cursor"])
    assert [one["type"] for one in last["users"]] == ["bot"]


@pytest.mark.parametrize("retry_after", [3, None])
async def test_a_change_that_failed_but_was_made_names_it(notion, api, retry_after):
    await notion.act("fail", retry_after=retry_after)
    with pytest.raises(OutcomeUnknown) as raised:
        await run(api, "create_page", **NEW, title="There all the same")
    found = await run(api, "search", query="There all the same")
    assert found["results"][0]["id"] in str(raised.value)
