"""Where X's API is, and in which of its two vocabularies it is asked.

X is renaming tweets to posts: of its own documents of 2026 some say `tweet.fields` and others
`post.fields`, and answers come in the words of the question. Answers are read in both.

https://docs.x.com/x-api/fundamentals/fields
"""

from dataclasses import dataclass

__all__ = ["API", "NEW", "OLD", "WORDS", "Vocabulary"]

API = "https://api.x.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What those things are called that got another name."""

    fields: str
    """The parameter that lists a post's fields."""
    note: str
    """The field that holds all of a long post."""
    references: str
    """The field that says what a post replies to, quotes or reposts."""
    references_wanted: str
    """Where that has to be asked for: as a field, or as an expansion."""


OLD = Vocabulary(
    fields="tweet.fields",
    note="note_tweet",
    references="referenced_tweets",
    references_wanted="field",
)
NEW = Vocabulary(
    fields="post.fields",
    note="note_post",
    references="referenced_posts",
    references_wanted="expansion",
)

WORDS = NEW
"""The one place that decides. X's OpenAPI document since version 2.167 and its Python SDK say so;
should X take only the older words, it becomes `OLD`."""
