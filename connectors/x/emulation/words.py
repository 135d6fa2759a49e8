"""Posts and people in the words that were asked in: of before, or after, tweets became posts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector_vault.connector import Json

from .answers import invalid, stamp
from .asked import Asked
from .hub import Hub
from .records import Post, User

__all__ = ["POST_QUERY", "USER_QUERY", "Words"]

USER_QUERY = frozenset({"user.fields", "expansions"})
POST_QUERY = USER_QUERY | {
    "tweet.fields",
    "post.fields",
    "media.fields",
    "poll.fields",
    "place.fields",
}

_NAMES = {
    "old": {
        "fields": "tweet.fields",
        "history": "edit_history_tweet_ids",
        "reposts": "retweet_count",
        "references": "referenced_tweets",
        "posts": "tweets",
        "counted": "tweet_count",
    },
    "new": {
        "fields": "post.fields",
        "history": "edit_history_post_ids",
        "reposts": "repost_count",
        "references": "referenced_posts",
        "posts": "posts",
        "counted": "post_count",
    },
}

_FIELDS = {
    *("article", "attachments", "author_id", "card_uri", "community_id", "context_annotations"),
    *("conversation_id", "created_at", "display_text_range", "edit_controls", "entities", "geo"),
    *("id", "lang", "matched_media_notes", "media_metadata", "non_public_metrics"),
    *("note_request_suggestions", "organic_metrics", "paid_partnership", "possibly_sensitive"),
    *("promoted_metrics", "public_metrics", "reply_settings", "scopes", "source"),
    *("suggested_source_links", "suggested_source_links_with_counts", "text", "withheld"),
}
"""All that may be asked for. What a post here has none of is left out, as X does it.

https://docs.x.com/x-api/fundamentals/data-dictionary
"""

_EXTRA_FIELDS = {
    "old": {"edit_history_tweet_ids", "in_reply_to_user_id", "referenced_tweets", "note_tweet"},
    "new": {"edit_history_post_ids", "note_post", "referenced_posts"},
}

_EXPANSIONS = {
    *("article.cover_media", "article.media_entities", "attachments.media_keys"),
    *("attachments.media_source_tweet", "attachments.poll_ids", "author_id"),
    *("entities.mentions.username", "geo.place_id", "in_reply_to_user_id"),
}
_EXTRA_EXPANSIONS = {
    "old": {
        *("edit_history_tweet_ids", "entities.note.mentions.username", "referenced_tweets.id"),
        *("referenced_tweets.id.attachments.media_keys", "referenced_tweets.id.author_id"),
    },
    "new": {"edit_history_post_ids", "referenced_posts"},
}

_REFERENCED = {"referenced_posts", "referenced_tweets.id", "referenced_tweets.id.author_id"}
"""Those with which the posts referred to are given, too."""

_USER_EXPANSIONS = {
    "old": {"affiliation.user_id", "most_recent_tweet_id", "pinned_tweet_id"},
    "new": {"affiliation", "most_recent_post_id", "pinned_post_id"},
}

_USER_FIELDS = {
    *("affiliation", "confirmed_email", "connection_status", "created_at", "description"),
    *("entities", "id", "is_identity_verified", "location", "name", "parody"),
    *("profile_banner_url", "profile_image_url", "protected", "public_metrics"),
    *("receives_your_dm", "subscribes_to_you", "subscription", "subscription_type", "url"),
    *("username", "verified", "verified_followers_count", "verified_type", "withheld"),
}
_EXTRA_USER_FIELDS = {
    "old": {"most_recent_tweet_id", "pinned_tweet_id"},
    "new": {"most_recent_post_id", "pinned_post_id"},
}

_EMAIL = "users.email"
"""The scope that somebody's own address needs. Without it the address is left out.

https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What was asked for, and in which words."""

    names: Mapping[str, str]
    fields: frozenset[str]
    expansions: frozenset[str]
    user_fields: frozenset[str]
    reader: str
    """The id of whoever's token this is, if they let their address be read."""
    now: float

    @classmethod
    def of(cls, hub: Hub, asked: Asked, *, people: bool = False) -> "Words":
        """Read them from a request. What there is no such field of is refused."""
        age = _age(hub, asked)
        names = _NAMES[age]
        other = _NAMES["new" if age == "old" else "old"]["fields"]
        if other in asked.query:
            raise invalid(other, asked.query[other], f"The query parameter [{other}] is not known")
        expansions = _USER_EXPANSIONS[age] if people else _EXPANSIONS | _EXTRA_EXPANSIONS[age]
        return cls(
            names=names,
            fields=_listed(asked, names["fields"], _FIELDS | _EXTRA_FIELDS[age]),
            expansions=_listed(asked, "expansions", expansions),
            user_fields=_listed(asked, "user.fields", _USER_FIELDS | _EXTRA_USER_FIELDS[age]),
            reader=asked.user.id if _EMAIL in asked.token.scopes else "",
            now=asked.now,
        )

    def post(self, hub: Hub, post: Post) -> dict[str, Json]:
        """Tell of a post."""
        said = {"id": post.id, "text": post.text, self.names["history"]: [post.id]}
        more = self._fields(hub, post)
        asked = self.fields | {one.partition(".")[0] for one in self.expansions}
        return said | {name: one for name, one in more.items() if name in asked and one}

    def includes(self, hub: Hub, posts: Iterable[Post]) -> dict[str, Json]:
        """Tell of what these posts speak of."""
        posts = list(posts)
        parents = [hub.posts[one.replies_to] for one in posts if one.replies_to in hub.posts]
        found: dict[str, list[Json]] = {"users": [], "media": [], "polls": []}
        wanted = posts if "author_id" in self.expansions else []
        if self.expansions & {"in_reply_to_user_id", "referenced_tweets.id.author_id"}:
            wanted = [*wanted, *parents]
        authors = {one.author.id: one.author for one in wanted}
        found["users"] = [self.user(hub, one) for one in authors.values()]
        if "attachments.media_keys" in self.expansions:
            found["media"] = [_medium(hub, key) for one in posts for key in one.media]
        if "attachments.poll_ids" in self.expansions:
            found["polls"] = [self._poll(one) for one in posts if one.poll]
        if self.expansions & _REFERENCED:
            found[self.names["posts"]] = [self.post(hub, one) for one in parents]
        return {name: some for name, some in found.items() if some}

    def user(self, hub: Hub, user: User) -> dict[str, Json]:
        """Tell of somebody."""
        fields = self.user_fields - ({"confirmed_email"} if user.id != self.reader else set())
        return _user_shape(hub, user, fields, self.names["counted"])

    def _fields(self, hub: Hub, post: Post) -> dict[str, Json]:
        parent = hub.posts.get(post.replies_to or "")
        media = {"media_keys": [hub.media[one].key for one in post.media]} if post.media else {}
        polls = {"poll_ids": [post.poll.id]} if post.poll else {}
        reference = [{"type": "replied_to", "id": post.replies_to}] if post.replies_to else []
        return {
            "attachments": media | polls,
            "author_id": post.author.id,
            "conversation_id": post.conversation or post.id,
            "created_at": stamp(post.created),
            "in_reply_to_user_id": parent.author.id if parent else None,
            "lang": "en",
            "public_metrics": self._metrics(hub, post),
            "reply_settings": post.reply_settings,
            self.names["references"]: reference,
        }

    def _metrics(self, hub: Hub, post: Post) -> Json:
        none = {"quote_count": 0, "bookmark_count": 0, "impression_count": 1}
        counted = {"like_count": post.likes, "reply_count": hub.answers_to(post)}
        return {**none, **counted, self.names["reposts"]: 0}

    def _poll(self, post: Post) -> Json:
        if post.poll is None:
            return None
        labels = enumerate(post.poll.options, 1)
        end = post.created + post.poll.minutes * 60
        return {
            "id": post.poll.id,
            "options": [{"position": at, "label": one, "votes": 0} for at, one in labels],
            "voting_status": "open" if self.now < end else "closed",
            "end_datetime": stamp(end),
            "duration_minutes": post.poll.minutes,
        }


def _user_shape(hub: Hub, user: User, fields: Iterable[str], counted: str) -> dict[str, Json]:
    """Tell of somebody, and no more than was asked for."""
    wrote = sum(one.author.id == user.id for one in hub.posts.values())
    metrics = {"followers_count": 7, "following_count": 3, "listed_count": 0, counted: wrote}
    everything: dict[str, Json] = {
        "confirmed_email": user.email,
        "created_at": stamp(user.created),
        "description": user.description,
        "location": "A hedge",
        "profile_image_url": "https://pbs.twimg.com/profile_images/1/normal.png",
        "protected": False,
        "public_metrics": {**metrics, "like_count": 0},
        "url": "",
        "verified": False,
    }
    said = {"id": user.id, "name": user.name, "username": user.username}
    return said | {name: one for name, one in everything.items() if name in fields}


def _age(hub: Hub, asked: Asked) -> str:
    if hub.policy.words != "asked":
        return hub.policy.words
    return "new" if _NAMES["new"]["fields"] in asked.query else "old"


def _listed(asked: Asked, name: str, known: set[str]) -> frozenset[str]:
    wanted = frozenset(asked.query.get(name, "").split(",")) - {""}
    for strange in sorted(wanted - known):
        words = f"The `{name}` query parameter value [{strange}] is not one of {sorted(known)}"
        raise invalid(name, strange, words)
    return wanted


def _medium(hub: Hub, media_id: str) -> Json:
    medium = hub.media[media_id]
    kind = {"tweet_image": "photo", "tweet_gif": "animated_gif"}.get(medium.category, "video")
    url = f"https://pbs.twimg.com/media/{medium.id}.jpg"
    said = {"media_key": medium.key, "type": kind}
    said |= {"url": url} if kind == "photo" else {"preview_image_url": url}
    return said | ({"alt_text": medium.alt_text} if medium.alt_text else {})
