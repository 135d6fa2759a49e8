"""Where GitHub's API is, and what every request to it says."""

__all__ = ["API", "HEADERS"]

API = "https://api.github.com"

HEADERS = {
    "Accept": "application/vnd.github+json",
    "X-GitHub-Api-Version": "2026-03-10",
    "User-Agent": "connector-vault",
}
"""GitHub refuses a request without a User-Agent, and answers in the oldest version it still speaks
if none is named.

https://docs.github.com/en/rest/about-the-rest-api/api-versions
"""
