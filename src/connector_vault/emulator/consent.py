"""The page on which a person at a provider agrees or declines."""

from collections.abc import Mapping, Sequence
from html import escape

from connector_vault.connector import Reply

__all__ = ["consent_page"]

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem}"
    "main{border:1px solid #8886;border-radius:.6rem;padding:1.2rem 1.6rem}"
    "button,select{font:inherit;padding:.4rem 1rem;margin-right:.6rem}"
    ":root{color-scheme:light dark}"
)

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Authorize {app}</title><style>{style}</style>
<main><small>{provider}, played by the Connector Vault emulator</small>
<h1>Authorize {app}?</h1>
<p>It asks for:</p><ul>{asked}</ul>
<form method="post" action="{action}">{kept}
<p><label>Signed in as <select name="login">{people}</select></label></p>
<button name="decision" value="authorize">Authorize</button>
<button name="decision" value="cancel">Cancel</button></form></main></html>
"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""The page has nothing to load and runs no script."""


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
    page = _PAGE.format(
        provider=escape(provider),
        app=escape(app),
        asked=asked or "<li>nothing but who you are</li>",
        people="".join(f"<option>{escape(person)}</option>" for person in people),
        action=escape(action),
        kept="".join(_kept(name, value) for name, value in hidden.items()),
        style=_STYLE,
    )
    kind = {"content-type": "text/html; charset=utf-8"}
    return Reply(200, page.encode(), {**kind, "content-security-policy": _POLICY})


def _kept(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
