"""The Page itself.

https://developers.facebook.com/docs/graph-api/reference/page
"""

from dataclasses import dataclass

from connector_vault.connector import Api

from ..._meta.asking import ask
from .parameters import page_of

__all__ = ["PageProfile", "get_page"]

_FIELDS = (
    "id,name,username,about,category,link,website,followers_count,fan_count,is_published,"
    "verification_status"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageProfile:
    """The Page of this connection."""

    id: str
    name: str
    username: str | None = None
    about: str | None = None
    category: str | None = None
    link: str | None = None
    website: str | None = None
    followers_count: int | None = None
    fan_count: int | None = None
    is_published: bool | None = None
    verification_status: str | None = None


async def get_page(api: Api) -> PageProfile:
    """Tell of the Facebook Page that this connection acts for.

    Returns its name, address and counts. Other Pages of the same person are connections of their
    own: a Page's token, which is all there is here, cannot list them.
    """
    return await ask(api, PageProfile, "/{}", page_of(api), fields=_FIELDS)
