"""What TikTok's tools are given, and refuse before anything is asked."""

import asyncio

import pytest

from connector_vault.connector import BadArguments
from connector_vault.signature import signature_of
from tests.connectors.tiktok_play import FILM, PHOTOS, TOOLS, Made, Script

ALL = {"privacy_level": "PUBLIC_TO_EVERYONE"}


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("post_video", {"caption": "\U0001f986" * 1101}, "caption: at most 2200 UTF-16"),
        ("post_video_from_url", {"caption": "\U0001f986" * 1101}, "caption"),
        ("post_photos", {"title": "\U0001f986" * 46}, "title: at most 90"),
        ("post_photos", {"cover_index": 2}, "the last of the photos is 1"),
        ("post_photos", {"photo_urls": [*PHOTOS, "https://a.example/x.PNG?a=1"]}, "no PNG"),
    ],
)
def test_what_cannot_be_is_not_even_asked(name, arguments, words):
    known = {"post_video": {"file": Made(1)}, "post_video_from_url": {"video_url": FILM}}
    what = known.get(name, {"photo_urls": PHOTOS})
    with pytest.raises(BadArguments, match=words):
        asyncio.run(TOOLS[name].function(Script(), **ALL | what | arguments))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("post_video_from_url", {"video_url": "http://a.example/b.mp4", **ALL}),
        ("post_video_from_url", {"video_url": "https://a@b.example/b.mp4", **ALL}),
        ("post_video_from_url", {"video_url": FILM, "privacy_level": "EVERYBODY"}),
        ("post_video_from_url", {"video_url": FILM, "caption": "x" * 2201, **ALL}),
        ("post_photos", {"photo_urls": [], **ALL}),
        ("post_photos", {"photo_urls": [FILM] * 36, **ALL}),
        ("list_videos", {"max_count": 21}),
        ("query_videos", {"video_ids": []}),
        ("query_videos", {"video_ids": ["1/2"]}),
        ("publish_status", {"publish_id": "x" * 65}),
        ("cancel_publish", {"publish_id": "a b"}),
    ],
)
def test_arguments_are_bounded(name, arguments):
    with pytest.raises(BadArguments):
        signature_of(TOOLS[name].function).bind(arguments)
