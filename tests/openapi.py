"""Holds requests against the OpenAPI document that a provider publishes."""

import json
import re

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest


class Document:
    """A provider's own word on its API, read more strictly than the provider reads it.

    Beyond what the document says, a field or a query name that it does not name is refused.
    """

    def __init__(self, text):
        self.raw = json.loads(text)
        (server,) = self.raw["servers"]
        self.base = server["url"]
        for operation in self.operations.values():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                close(media["schema"])
        self.checked = OpenAPI.from_dict(self.raw, config=Config(spec_validator_cls=None))

    @property
    def operations(self):
        return {
            (method, path): item[method]
            for path, item in self.raw["paths"].items()
            for method in item.keys() & {"get", "post", "put", "patch", "delete"}
        }

    def mind(self, request):
        """Refuse what the document does not foresee, and give the operation that is meant.

        Raises:
            OpenAPIError: that.
        """
        method, path = request.method.lower(), request.url.removeprefix(self.base)
        body = None if request.json is None else json.dumps(request.json).encode()
        self.checked.validate_request(
            MockRequest(self.base, method, path, args=dict(request.query), data=body)
        )
        operation = self.find(method, path)
        parameters = [self.follow(parameter) for parameter in operation.get("parameters", ())]
        strange = request.query.keys() - {one["name"] for one in parameters if one["in"] == "query"}
        if strange or (body and "requestBody" not in operation):
            raise OpenAPIError(f"not foreseen: {strange or body}")
        return operation

    def find(self, method, path):
        (found,) = [
            operation
            for (verb, template), operation in self.operations.items()
            if verb == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]*", template), path)
        ]
        return found

    def examples(self, operation):
        """Give the good answers to an operation that the document shows."""
        for status, response in operation["responses"].items():
            media = self.follow(response).get("content", {}).get("application/json", {})
            for example in media.get("examples", {}).values() if status.startswith("2") else ():
                yield self.value(example)

    def value(self, example):
        shown = self.follow(example)["value"]
        return self.value(shown) if "$ref" in shown else shown

    def follow(self, part):
        if "$ref" not in part:
            return part
        *_, kind, name = part["$ref"].split("/")
        return self.raw["components"][kind][name]


def close(schema):
    """Let an object hold the fields it names and no others, all the way down."""
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
    inner = [*schema.get("properties", {}).values(), *schema.get("oneOf", ())]
    inner += [*schema.get("anyOf", ()), *filter(None, [schema.get("items")])]
    for part in inner:
        close(part)
