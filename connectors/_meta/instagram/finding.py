"""Find what was published, where no answer told.

https://developers.facebook.com/docs/instagram-platform/reference/instagram-user/media
"""

from dataclasses import dataclass

from connector_vault.connector import Api

from .parameters import own_id

__all__ = ["newest_like"]

_FEW = 5
"""Posts that are looked at, the newest first: it was published a moment ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Medium:
    id: str
    caption: str | None = None
    media_product_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Media:
    data: tuple[_Medium, ...] = ()


async def newest_like(api: Api, caption: str | None, product: str | None) -> str | None:
    """Give the newest post of this kind, with this caption. None: there is none such."""
    if product is None:
        return None
    path = "/{}/stories" if product == "STORY" else "/{}/media"
    fields = "id,caption,media_product_type"
    page = await api.get(_Media, path, own_id(api), fields=fields, limit=_FEW)
    for one in page.data:
        same = " ".join((one.caption or "").split()) == " ".join((caption or "").split())
        if one.media_product_type == product and (same or product == "STORY"):
            return one.id
    return None
