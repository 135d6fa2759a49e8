"""How films are cut, against TikTok's rules as it writes them; and what a film says of itself.

https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector_vault import registry
from connector_vault.connector import BadArguments
from tests.connectors.held import Held
from tests.connectors.tiktok_play import MP4, Made

cut = registry.part("tiktok", "tools.chunks")
films = registry.part("tiktok", "tools.films")
rules = registry.part("tiktok", "emulation.rules")

MB = 1_000_000
GB = 1000 * MB


def broken(size, chunks):
    """Say which of TikTok's rules a cut breaks."""
    lengths = [len(span) for span in chunks.spans]
    edges = [
        (one.stop, two.start) for one, two in zip(chunks.spans, chunks.spans[1:], strict=False)
    ]
    return [
        rule
        for rule, kept in {
            "total_chunk_count is video_size / chunk_size, rounded down": chunks.count
            == size // chunks.chunk_size,
            "there are 1 to 1000 chunks": 1 <= chunks.count <= 1000,
            "each but the last has chunk_size": set(lengths[:-1]) <= {chunks.chunk_size},
            "each but the last has 5 to 64 MB": all(
                5 * MB <= one <= 64 * MB for one in lengths[:-1]
            ),
            "the last has at most 128 MB": lengths[-1] <= 128 * MB,
            "the last has at least 5 MB, if the whole has": lengths[-1] >= min(size, 5 * MB),
            "chunk_size is 5 to 64 MB, if the whole has 5": size < 5 * MB
            or 5 * MB <= chunks.chunk_size <= 64 * MB,
            "below 5 MB it is sent whole": size >= 5 * MB
            or (chunks.count, chunks.chunk_size) == (1, size),
            "above 64 MB there are several": size <= 64 * MB or chunks.count > 1,
            "they follow one another": all(one == two for one, two in edges),
            "they are the whole": (chunks.spans[0].start, chunks.spans[-1].stop) == (0, size),
        }.items()
        if not kept
    ]


@given(st.integers(1, 4 * GB))
@example(1)
@example(4_900_000)
@example(5 * MB - 1)
@example(5 * MB)
@example(10 * MB)
@example(20 * MB - 1)
@example(20 * MB)
@example(50_000_123)
@example(64 * MB - 1)
@example(64 * MB)
@example(64 * MB + 1)
@example(200 * MB)
@example(4 * GB)
@example(4 * 1024**3)
def test_every_size_is_cut_by_the_rules(size):
    chunks = cut.chunks(size)
    assert broken(size, chunks) == []
    assert rules.broken_rule(size, chunks.chunk_size, chunks.count) == ""


def test_tiktoks_own_example_comes_out_as_it_stands_there():
    chunks = cut.chunks(50_000_123)
    assert (chunks.chunk_size, chunks.count) == (10_000_000, 5)
    assert chunks.spans[0] == range(10_000_000)
    assert chunks.spans[-1] == range(40_000_000, 50_000_123)


@pytest.mark.parametrize(
    ("size", "chunk", "count"),
    [
        (50_000_123, 10_000_000, 6),
        (50_000_123, 10_485_760, 5),
        (4_999_999, 2_500_000, 1),
        (64 * MB + 1, 64 * MB + 1, 1),
        (64 * MB + 1, 64 * MB, 1),
        (10 * MB, 4 * MB, 2),
        (4 * GB, 4 * MB, 1000),
        (0, 0, 0),
        (True, True, True),
        (10.0, 10, 1),
        (None, 5 * MB, 1),
    ],
)
def test_the_emulator_knows_a_cut_that_breaks_a_rule(size, chunk, count):
    assert rules.broken_rule(size, chunk, count)


def test_nothing_and_too_much_are_refused():
    with pytest.raises(BadArguments, match="empty"):
        films.checked_film(Held(b""))
    with pytest.raises(BadArguments, match="4 GB"):
        films.checked_film(Made(4 * 1024**3 + 1))
    films.checked_film(Made(4 * 1024**3))


def box(kind, content, *, large=False, endless=False):
    size = len(content) + (16 if large else 8)
    if large:
        return b"\0\0\0\1" + kind + size.to_bytes(8) + content
    return (0 if endless else size).to_bytes(4) + kind + content


def header(seconds, version=0):
    """Give the box that tells how long a film plays, in thousandths."""
    times = bytes(16 if version else 8)
    length = (seconds * 1000).to_bytes(8 if version else 4)
    return box(b"mvhd", bytes((version, 0, 0, 0)) + times + (1000).to_bytes(4) + length + bytes(80))


FTYP = box(b"ftyp", b"mp42\0\0\0\0")
MOVIE = box(b"moov", box(b"free", b"") + header(61))


@pytest.mark.parametrize(
    "film",
    [
        FTYP + MOVIE + box(b"mdat", bytes(1000)),
        FTYP + box(b"mdat", bytes(1000), large=True) + MOVIE,
        FTYP + box(b"moov", header(61, version=1)),
        FTYP + box(b"moov", header(61), endless=True),
    ],
)
def test_a_film_says_how_long_it_plays(film):
    assert films.seconds_of(Held(film)) == 61


@pytest.mark.parametrize(
    "film",
    [
        b"",
        b"x",
        FTYP,
        FTYP + box(b"moov", b""),
        FTYP + box(b"moov", box(b"mvhd", bytes(12))),
        FTYP + MOVIE[:-90],
        box(b"mdat", bytes(100), endless=True) + MOVIE,
        FTYP + box(b"moov", box(b"mvhd", b"\0" * 12 + (1000).to_bytes(4) + b"\xff" * 4)),
        b"\x1a\x45\xdf\xa3" + bytes(100),
        b"\0\0\0\1free\0\0\0\0\0\0\0\0",
        box(b"free", b"") * 1001 + MOVIE,
    ],
)
def test_one_that_does_not_is_not_measured(film):
    assert films.seconds_of(Held(film)) is None


@given(st.binary(max_size=80))
def test_whatever_stands_in_a_file_is_read_to_an_end(tail):
    for film in (tail, FTYP + tail, FTYP + box(b"moov", tail), MOVIE[:30] + tail):
        found = films.seconds_of(Held(film))
        assert found is None or found >= 0


def test_only_heads_of_boxes_are_read():
    film = Made(4 * 1024**3, FTYP + box(b"mdat", b"", endless=True))
    assert films.seconds_of(film) is None
    assert film.longest <= 32


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (MP4, "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x01", "video/webm"),
        (b"x", "video/mp4"),
    ],
)
def test_what_a_film_is_its_first_bytes_say(head, kind):
    assert films.kind_of(Held(head, "film.exe")) == kind
