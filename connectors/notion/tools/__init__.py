"""What an agent may do in Notion. Names are those of its API.

https://developers.notion.com/reference
"""

from .blocks import append_blocks, get_block_children
from .comments import create_comment, list_comments
from .content import get_page_markdown, update_page_markdown
from .databases import query_data_source, retrieve_data_source, retrieve_database
from .pages import create_page, move_page, retrieve_page, trash_page, update_page
from .people import list_users
from .search import search

__all__ = [
    "append_blocks",
    "create_comment",
    "create_page",
    "get_block_children",
    "get_page_markdown",
    "list_comments",
    "list_users",
    "move_page",
    "query_data_source",
    "retrieve_data_source",
    "retrieve_database",
    "retrieve_page",
    "search",
    "trash_page",
    "update_page",
    "update_page_markdown",
]
