from typing import Literal

from botocore.client import BaseClient
from botocore.config import Config

class Session:
    def __init__(self, *, profile: str | None = None) -> None: ...
    def set_default_client_config(self, client_config: Config) -> None: ...
    def create_client(
        self, service_name: Literal["kms"], *, region_name: str, endpoint_url: str | None
    ) -> BaseClient: ...
