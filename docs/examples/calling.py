"""What an agent's program may do with each way a call can end."""

from connector_vault import Gateway, Owner, errors


async def open_issue(gateway: Gateway, owner: Owner, title: str) -> str:
    """Open an issue, and tell the agent what came of it."""
    issue = {"owner": "octocat", "repo": "hello-world", "title": title}
    try:
        result = await gateway.call(owner, "github.create_issue", issue)
    except (errors.NotConnected, errors.Reconnect):
        return "Ask the person to connect GitHub."
    except errors.RateLimited as error:
        return f"Wait {error.retry_after:.0f} seconds."
    except errors.OutcomeUnknown:
        return "It may be there already: look for it before opening it again."
    except (errors.TimedOut, errors.Unreachable):
        return "Nothing was changed: try again."
    except (errors.BadArguments, errors.NotAllowed, errors.Refused) as error:
        return str(error)
    return str(result.value["html_url"])
