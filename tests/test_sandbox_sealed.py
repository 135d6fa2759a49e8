"""Our own tools import nothing, open nothing and make no socket once their process is hardened."""

import pytest

from connector_vault.errors import ConnectorVaultError
from connector_vault.sandbox import nursery
from connector_vault.sandbox.process import Process
from tests.deeds import ADA
from tests.hostile.lab import connected, laboratory

pytest_plugins = ("tests.hostile.fixtures",)

PROGRAM = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[3]); "
    "from hostile_connector.overheard import main; main()"
)
GIVEN = {
    "base": "main",
    "body": "A comment.",
    "branch": "main",
    "content": "aGVsbG8=",
    "head": "feature",
    "issue_number": 1,
    "message": "Say hello",
    "owner": "octocat",
    "path": "README.md",
    "pull_number": 1,
    "q": "hello",
    "ref": "main",
    "repo": "hello-world",
    "title": "Found one",
    "workflow_id": "ci.yml",
}
WRONG = {"owner": "nobody", "repo": "nothing", "issue_number": 10**9, "path": "no/such"}


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def said():
    """What workers said, in the order of the calls."""
    return []


@pytest.fixture(scope="module")
async def lab(hostile_site, said, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nursery, "_PROGRAM", PROGRAM)
        patch.setattr(Process, "ask", recorded(Process.ask, said))
        async with laboratory(tmp_path_factory.mktemp("lab")) as lab:
            await connected(lab.vault, lab.world)
            yield lab


def recorded(ask, said):
    async def recorded(*args, **options):
        answer = await ask(*args, **options)
        said.append(answer["heard"])
        return answer

    return recorded


async def outcome(lab, offer, given):
    """Call a tool with everything it takes that is known here."""
    taken = offer.input_schema["properties"]
    arguments = {name: given[name] for name in taken if name in given}
    try:
        return (await lab.gateway.call(ADA, offer.name, arguments)).isolation.mode
    except ConnectorVaultError as error:
        return type(error).__name__


@pytest.mark.parametrize("given", [GIVEN, GIVEN | WRONG], ids=["answered", "refused"])
async def test_our_tools_open_and_import_nothing(lab, said, given):
    said.clear()
    offers = await lab.gateway.tools(ADA)

    outcomes = [await outcome(lab, offer, given) for offer in offers]

    assert len(offers) >= 18
    assert len(said) == len(offers)
    assert [heard for heard in said if heard] == []
    assert outcomes.count("pooled" if given is GIVEN else "Refused") >= 9, outcomes


async def test_a_tool_that_imports_is_heard(lab, said):
    """Else the test above would hold whatever they did."""
    said.clear()

    await lab.attack("hostile.sealed", {"module": "colorsys"})

    assert any("import colorsys" in one for heard in said for one in heard)


async def test_a_third_partys_code_is_imported_in_its_worker(lab, said):
    said.clear()

    await lab.attack("hostile.greet")

    assert any("import hostile_connector" in one for heard in said for one in heard)


async def test_our_tools_cannot_import(lab, said):
    """What a worker of ours lacks it cannot get: nothing is readable."""
    said.clear()
    process = await lab.sandbox._nursery.fork()
    try:
        answer = await process.ask({"connector": ("colorsys", "connector")})
    finally:
        await process.end()

    assert "PermissionError" in answer["error"]["text"] or "ModuleNotFound" in str(answer)
    assert any("colorsys" in one for heard in said for one in heard)  # others are made ready beside
