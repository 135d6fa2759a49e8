from collections.abc import Mapping

class Config:
    def __init__(
        self,
        *,
        connect_timeout: float,
        read_timeout: float,
        max_pool_connections: int,
        proxies: Mapping[str, str] | None,
        retries: Mapping[str, int],
        tcp_keepalive: bool,
        user_agent_extra: str,
    ) -> None: ...
