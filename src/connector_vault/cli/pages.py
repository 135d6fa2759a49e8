"""What the browser shows after a consent. Pure."""

from html import escape

__all__ = ["page"]

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}"
    ":root{color-scheme:light dark}"
)


def page(title: str, words: str) -> bytes:
    """Say in words how it went. Nothing in it comes from the address, and nothing is loaded."""
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{_STYLE}</style>
<main><h1>{escape(title)}</h1><p>{escape(words)}</p></main></html>
""".encode()
