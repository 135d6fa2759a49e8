"""Write the README's table of providers: python -m tests.readme, or with --check see if it fits.

It reads `connector-vault providers --json`, as anybody can.
"""

import json
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- providers -->\n", "<!-- /providers -->\n"
HEAD = "| | tools | asked for | access token | refresh | disconnect | tells of a withdrawal |\n"
RULE = "|---|---|---|---|---|---|---|\n"


def main() -> int:
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    new = f"{before}{BEGIN}{table()}{END}{after}"
    if "--check" in sys.argv:
        return int(new != text)
    README.write_text(new, encoding="utf-8")
    return 0


def table() -> str:
    command = [sys.executable, "-m", "connector_vault", "providers", "--json"]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    ours = [one for one in json.loads(done.stdout)["providers"] if one["verified"]]
    return HEAD + RULE + "".join(map(row, ours))


def row(one: dict) -> str:
    lifetimes, told = one["lifetimes"], one["revocation"]
    cells = (
        f"[{one['title']}](connectors/{one['name']}/README.md)",
        str(len(one["tools"])),
        f"`{' '.join(one['scopes'])}`" if one["scopes"] else "what the app may",
        span(lifetimes["access"]) or "until the provider ends it",
        refresh(lifetimes),
        disconnect(told),
        ", ".join(f"`{name}`" for name in one["deauthorization"] or ()) or "no",
    )
    return f"| {' | '.join(cells)} |\n"


def refresh(lifetimes: dict) -> str:
    if lifetimes["by_person"]:
        return "by the person, who is told two weeks ahead"
    words = ["each refresh token works once"] if lifetimes["rotates"] else []
    if idle := span(lifetimes["refresh_idle"]):
        words.append(f"ends after {idle} unused")
    if whole := span(lifetimes["grant"]):
        words.append(f"ends {whole} after the consent")
    return ", ".join(words) or "the same token goes on"


def disconnect(told: dict | None) -> str:
    if told is None:
        return "destroys our copy"
    words = "ends the token, or the whole grant" if told["grant"] else "ends the tokens"
    if not told["token"]:
        words = "ends the whole grant, with the last connection on it"
    return f"{words}, then asks whether it is dead" if told["probe"] else words


def span(seconds: int | None) -> str:
    if not seconds:
        return ""
    days, hours = divmod(seconds // 3600, 24)
    return f"{days} days" if days else f"{hours} hours"


if __name__ == "__main__":
    sys.exit(main())
