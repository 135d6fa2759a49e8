"""Sign what a provider delivers to a webhook, by the rule in its table.

A rule is the `header`, its `prefix`, the `coding` of the HMAC-SHA256 (hex or base64), the `secret`,
and the text that it `signs`, in which `{body}` and `{time}` stand for what was delivered and when.
"""

import hmac
from base64 import b64encode


def signature(rule, secret, body, time=""):
    """Give the value of the header."""
    text = rule["signs"].replace("{time}", time).replace("{body}", body)
    code = hmac.digest(secret.encode(), text.encode(), "sha256")
    coded = code.hex() if rule["coding"] == "hex" else b64encode(code).decode()
    return rule["prefix"] + coded


def signed(rule, secret, delivery):
    """Tell whether a delivery has the signature it should."""
    headers = delivery["headers"]
    time = headers.get(rule.get("time"), "")
    return headers.get(rule["header"]) == signature(rule, secret, delivery["body"], time)
