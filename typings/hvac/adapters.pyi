from abc import ABC, abstractmethod

class Adapter(ABC):
    @abstractmethod
    def get_login_token(self, response: object) -> str: ...
    @abstractmethod
    def request(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        raise_exception: bool = True,
        **kwargs: object,
    ) -> object: ...
