# hvac has no types of its own. These are of the functions that we use.
# Each gives whatever the adapter's `request` gives: ours gives an Answer.
from collections.abc import Callable, Mapping

from hvac.adapters import Adapter

class _AppRole:
    def login(
        self,
        role_id: str,
        secret_id: str | None = None,
        use_token: bool = True,
        mount_point: str = ...,
    ) -> object: ...

class _Kubernetes:
    def login(
        self, role: str, jwt: str, use_token: bool = True, mount_point: str = ...
    ) -> object: ...

class _Token:
    def lookup_self(self, mount_point: str = ...) -> object: ...
    def renew_self(
        self, increment: str | None = None, wrap_ttl: str | None = None, mount_point: str = ...
    ) -> object: ...
    def revoke_self(self, mount_point: str = ...) -> object: ...

class _Auth:
    approle: _AppRole
    kubernetes: _Kubernetes
    token: _Token

class _Transit:
    def read_key(self, name: str, mount_point: str = ...) -> object: ...
    def rotate_key(self, name: str, mount_point: str = ...) -> object: ...
    def trim_key(self, name: str, min_version: int, mount_point: str = ...) -> object: ...

class _Secrets:
    transit: _Transit

class Client:
    auth: _Auth
    secrets: _Secrets
    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        adapter: Callable[..., Adapter] = ...,
    ) -> None: ...
    def write_data(
        self, path: str, *, data: Mapping[str, object] | None = None, wrap_ttl: str | None = None
    ) -> object: ...
