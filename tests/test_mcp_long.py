"""What a thousand calls leave behind: nothing."""

from pathlib import Path

from tests.agents import FIXTURES, children_of, error_of
from tests.deeds import until

box, ready = FIXTURES

REPO = {"owner": "octocat", "repo": "hello-world"}
BAD = {**REPO, "issue_number": "one"}
MISSING = {**REPO, "issue_number": 404}


async def test_a_thousand_calls_leave_no_descriptor_and_no_process_behind(ready):
    box, _, _ = ready
    async with box.client() as client:

        async def call(number):
            if number % 10 == 0:
                missing = await client.call_tool("github_get_issue", MISSING)
                assert error_of(missing) == "Refused"
            elif number % 10 == 1:
                assert error_of(await client.call_tool("github_get_issue", BAD)) == "BadArguments"
            else:
                assert not (await client.call_tool("github_get_authenticated_user")).is_error

        for number in range(50):
            await call(number)
        before = held(box.pid)
        for number in range(950):
            await call(number)

        # It works in the background, too, and opens a file for a moment.
        await until(lambda: held(box.pid) == before)


def held(pid):
    """Count the descriptors a process has open, and the processes it has started."""
    return len([*Path(f"/proc/{pid}/fd").iterdir()]), len(children_of(pid))
