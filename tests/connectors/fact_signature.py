"""Sign what a provider delivers to a webhook, by the rule in its table.

A rule is the `header`, its `prefix`, the `coding` of the HMAC-SHA256 (hex or base64), the `secret`,
and the text that it `signs`, in which `{body}` and `{time}` stand for what was delivered and when.
The `time` is that of a header of this name, or, with a `stamp`, what this pattern finds in it; the
prefix may hold it, too. A form with a `signed_request` is signed in itself, as Meta does it, with
the same secret.
"""

import binascii
import hmac
import json
import re
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import parse_qsl

_FORM = re.compile(r"[\w.]+=[^{}\[\]\"]*")


def signature(rule, secret, body, time=""):
    """Give the value of the header."""
    text = rule["signs"].replace("{time}", time).replace("{body}", body)
    code = _code(secret, text)
    coded = code.hex() if rule["coding"] == "hex" else b64encode(code).decode()
    return rule["prefix"].replace("{time}", time) + coded


def hexed(secret, text):
    """Give the HMAC-SHA256 of a text, as Meta's appsecret_proof has it."""
    return _code(secret, text).hex()


def signed(rule, secret, delivery):
    """Tell whether a delivery has the signature it should."""
    headers = delivery["headers"]
    request = _form(delivery["body"]).get("signed_request")
    if request is not None:
        coded, _, payload = request.partition(".")
        return coded == urlsafe_b64encode(_code(secret, payload)).decode().rstrip("=")
    time = headers.get(rule.get("time"), "")
    if "stamp" in rule:
        found = re.search(rule["stamp"], time)
        time = found[1] if found else ""
    return headers.get(rule["header"]) == signature(rule, secret, delivery["body"], time)


def said(body):
    """Read what is delivered: JSON, or what a signed request holds, or a form."""
    form = _form(body)
    if "signed_request" not in form:
        return form or json.loads(body)
    try:
        payload = form["signed_request"].partition(".")[2]
        return json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError):
        return form


def _form(body):
    return dict(parse_qsl(body)) if _FORM.fullmatch(body) else {}


def _code(secret, text):
    return hmac.digest(secret.encode(), text.encode(), "sha256")
