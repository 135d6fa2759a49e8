"""The little of it that is used here."""

from collections.abc import Sequence

def add_params_to_uri(uri: str, params: Sequence[tuple[str, str]]) -> str: ...
