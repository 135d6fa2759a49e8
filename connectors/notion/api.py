"""Where Notion's API is, and what every request to it says."""

__all__ = ["API", "HEADERS", "VERSION"]

API = "https://api.notion.com"

VERSION = "2026-03-11"
"""The version whose shapes the tools speak. Notion refuses a request that names none.

https://developers.notion.com/reference/versioning
"""

HEADERS = {"Notion-Version": VERSION, "User-Agent": "connector-vault"}
