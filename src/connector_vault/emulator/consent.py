"""The page on which a person at a provider agrees or declines."""

from collections.abc import Mapping, Sequence
from html import escape

from connector_vault.connector import Reply

__all__ = ["consent_page"]

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem}"
    "main{border:1px solid #8886;border-radius:.6rem;padding:1.2rem 1.6rem}"
    "button{font:inherit;padding:.4rem 1rem;margin-right:.6rem}small{color:#777}"
    ":root{color-scheme:light dark}"
)


def consent_page(
    provider: str,
    app: str,
    scopes: Sequence[str],
    people: Sequence[str],
    *,
    action: str,
    hidden: Mapping[str, str],
) -> Reply:
    """Show who asks for what, a choice of people, and two buttons.

    The form is posted to `action` with the `hidden` fields, `login` (one of `people`) and
    `decision`, which is `authorize` or `cancel`.
    """
    asked = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in scopes)
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    choice = "".join(f"<option>{escape(person)}</option>" for person in people)
    page = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Authorize {escape(app)}</title><style>{_STYLE}</style>
<main><small>{escape(provider)}, played by the Connector Vault emulator</small>
<h1>Authorize {escape(app)}?</h1>
<p>It asks for:</p><ul>{asked or "<li>nothing but who you are</li>"}</ul>
<form method="post" action="{escape(action)}">{kept}
<p><label>Signed in as <select name="login">{choice}</select></label></p>
<button name="decision" value="authorize">Authorize</button>
<button name="decision" value="cancel">Cancel</button></form></main></html>
"""
    # No script, no foreign source: the page has nothing to load.
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": policy}
    return Reply(200, page.encode(), headers)
