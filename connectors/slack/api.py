"""Where Slack's Web API is, and where it takes files."""

__all__ = ["API", "FILES"]

API = "https://slack.com/api"

FILES = "https://files.slack.com"
"""Takes the bytes of an upload. It never gets a token.

https://docs.slack.dev/messaging/working-with-files
"""
