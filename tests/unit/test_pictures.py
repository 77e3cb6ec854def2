"""Recognition of pictures by their bytes, removal of their metadata, and their tokens."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.llm.clients.base import ModelProfile, ModelRequest
from chat.llm.sse import TokenCounts
from chat.llm.token_estimator import TokenEstimator
from chat.responses.usage.recorder import UsageRecorder
from chat.schemas.pictures import Picture, read_picture
from tests.live.pictures import GIF, JPEG, PICTURES, PNG, WEBP

STARTS = [data[:16] for data in PICTURES.values()]
# The end of a motion photo, or a maker's own bytes.
TRAILERS = [b"\0\0\0\x18ftypmp42" + b"canary" * 500, b"\0" * 2048, b"\xff\xd8\xff canary \xff\xd9", b"\n"]
UPRIGHT, TURNED = 1, 6


def exif_of(orientation: int) -> bytes:
    """Return a TIFF file with an orientation and a GPS directory."""
    entries = [(0x0112, 3, 1, orientation << 16), (0x8825, 4, 1, 38)]
    directory = b"".join(
        tag.to_bytes(2) + kind.to_bytes(2) + count.to_bytes(4) + value.to_bytes(4)
        for tag, kind, count, value in entries
    )
    return b"MM\0*\0\0\0\x08" + len(entries).to_bytes(2) + directory + b"\0\0\0\0" + b"canary: 50.0875 N"


def segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2) + payload


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        kind + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)
        for kind, content in chunks
    )
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def jpeg_with(orientation: int) -> bytes:
    xmp = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<canary/>")
    others = (
        xmp
        + segment(0xED, b"Photoshop 3.0\0canary")
        + segment(0xFE, b"canary")
        + segment(0xE2, b"MPF\0canary")
    )
    kept = segment(0xE2, b"ICC_PROFILE\0profile") + segment(0xEE, b"Adobe kept")
    return JPEG[:20] + segment(0xE1, b"Exif\0\0" + exif_of(orientation)) + others + kept + JPEG[20:]


def png_with(orientation: int) -> bytes:
    kept = png_chunk(b"gAMA", b"\0\0\xb1\x8f")
    texts = [png_chunk(kind, b"canary") for kind in (b"tEXt", b"zTXt", b"iTXt", b"tIME", b"teSt")]
    return PNG[:33] + kept + png_chunk(b"eXIf", exif_of(orientation)) + b"".join(texts) + PNG[33:]


def webp_with(orientation: int) -> bytes:
    head = bytes([0x0C | 0x20, 0, 0, 0]) + bytes(6)
    picture = (b"VP8L", WEBP[20:33])
    return riff(
        (b"VP8X", head), (b"ICCP", b"profile"), picture, (b"EXIF", exif_of(orientation)), (b"XMP ", b"canary")
    )


def gif_with() -> bytes:
    xmp = b"\x21\xff\x0bXMP DataXMP\x06canary\0"
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    return GIF[:19] + b"\x21\xfe\x06canary\0" + xmp + loop + GIF[19:]


@pytest.mark.parametrize("strip", [True, False])
@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_is_known_by_its_bytes_and_kept(kind: str, strip: bool) -> None:
    assert read_picture(PICTURES[kind], strip=strip) == Picture(kind, PICTURES[kind])


@pytest.mark.parametrize("strip", [True, False])
@pytest.mark.parametrize("kind", PICTURES)
def test_bytes_after_the_end_are_dropped(kind: str, strip: bool) -> None:
    for trailer in TRAILERS:
        assert read_picture(PICTURES[kind] + trailer, strip=strip) == Picture(kind, PICTURES[kind])


@pytest.mark.parametrize("strip", [True, False])
def test_a_gif_may_lack_its_trailer_or_have_padding_ahead_of_it(strip: bool) -> None:
    assert read_picture(GIF[:-1], strip=strip) == Picture("image/gif", GIF)
    assert read_picture(GIF[:-1] + b"\0\0;", strip=strip) == Picture("image/gif", GIF)


@pytest.mark.parametrize("size", [0, 12, len(WEBP) - 12])
def test_a_webp_that_names_a_shorter_length_than_its_picture_has_is_none(size: int) -> None:
    assert read_picture(WEBP[:4] + size.to_bytes(4, "little") + WEBP[8:], strip=True) is None


def png_of(head: bytes, *chunks: bytes) -> bytes:
    return PNG[:8] + png_chunk(b"IHDR", head) + b"".join(chunks) + PNG[-12:]


@pytest.mark.parametrize("strip", [True, False])
@pytest.mark.parametrize(
    "data",
    [
        png_of(PNG[16:29]),
        png_of(bytes(4) + PNG[20:29], PNG[33:-12]),
        png_of(PNG[16:20] + bytes(4) + PNG[24:29], PNG[33:-12]),
        png_of(b"\0", PNG[33:-12]),
    ],
    ids=["no data", "no width", "no height", "a short head"],
)
def test_a_png_with_nothing_to_draw_is_none(data: bytes, strip: bool) -> None:
    assert read_picture(data, strip=strip) is None


def test_an_animated_png_stays_animated() -> None:
    frames = [png_chunk(b"acTL", bytes(8)), png_chunk(b"fcTL", bytes(26)), png_chunk(b"fdAT", bytes(9))]
    animated = PNG[:33] + frames[0] + frames[1] + PNG[33:-12] + frames[1] + frames[2] + PNG[-12:]
    picture = read_picture(animated, strip=True)
    assert picture is not None
    assert picture.data == animated


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<?xml version='1.0'?><svg/>",
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"BM" + bytes(60),
        b"II*\0" + bytes(20),
        b"GIF89a/*" + bytes(20),
    ],
    ids=["SVG", "SVG in XML", "AVIF", "HEIC", "BMP", "TIFF", "a script that begins like a GIF"],
)
def test_other_formats_are_none(data: bytes) -> None:
    assert read_picture(data, strip=True) is None


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_that_is_cut_off_is_none(kind: str) -> None:
    data = PICTURES[kind]
    for length in range(len(data) - 1):
        assert read_picture(data[:length], strip=True) is None


WITH_METADATA = {
    "JPEG": (
        jpeg_with(UPRIGHT),
        JPEG[:20] + segment(0xE2, b"ICC_PROFILE\0profile") + segment(0xEE, b"Adobe kept") + JPEG[20:],
    ),
    "PNG": (png_with(UPRIGHT), PNG[:33] + png_chunk(b"gAMA", b"\0\0\xb1\x8f") + PNG[33:]),
    "WebP": (
        webp_with(UPRIGHT),
        riff((b"VP8X", bytes([0x20]) + bytes(9)), (b"ICCP", b"profile"), (b"VP8L", WEBP[20:33])),
    ),
    "GIF": (gif_with(), GIF[:19] + b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0" + GIF[19:]),
}


@pytest.mark.parametrize("name", WITH_METADATA)
def test_metadata_goes_and_the_parts_that_draw_the_picture_stay(name: str) -> None:
    data, bare = WITH_METADATA[name]
    picture = read_picture(data, strip=True)
    assert picture is not None
    assert picture.data == bare
    assert read_picture(bare, strip=True) == picture


@pytest.mark.parametrize("name", WITH_METADATA)
def test_metadata_stays_where_it_is_wanted(name: str) -> None:
    data, _ = WITH_METADATA[name]
    picture = read_picture(data, strip=False)
    assert picture is not None
    assert picture.data == data


@pytest.mark.parametrize("made", [jpeg_with, png_with, webp_with])
def test_of_the_metadata_only_an_orientation_stays(made: object) -> None:
    assert callable(made)
    picture = read_picture(made(TURNED), strip=True)
    assert picture is not None
    assert b"canary" not in picture.data
    assert b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" in picture.data
    assert read_picture(picture.data, strip=True) == picture


@given(st.binary(max_size=200), st.sampled_from([b"", *STARTS]), st.booleans())
def test_no_bytes_raise_an_error(data: bytes, start: bytes, strip: bool) -> None:
    read_picture(start + data, strip=strip)
    read_picture(jpeg_with(TURNED)[: len(data) * 3] + data, strip=strip)


HOSTILE = {
    "markers": b"\xff\xd8" + b"\xff\xe0\0\x02" * 1_250_000 + b"\xff\xd9",
    "restarts": JPEG[:20] + b"\xff\xd0" * 2_500_000,
    "fill": JPEG[:20] + b"\xff" * 5_000_000,
    "chunks": PNG[:33] + png_chunk(b"tEXt", b"") * 400_000 + PNG[-12:],
    "parts": GIF[:19] + b"\x21\xfe" + b"\x01x" * 2_500_000 + b"\0;",
    "riff": b"RIFF\xff\xff\x4f\0WEBPVP8X" + b"\0" * 5_300_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_costs_little(name: str) -> None:
    before = time.thread_time()
    assert read_picture(HOSTILE[name], strip=True) is None
    # The loop waits meanwhile; 0.02 to 0.1 s were measured, the bound is for busy machines.
    assert time.thread_time() - before < 1


@dataclass
class Silent:
    """A call without any output, for which the provider reported no tokens."""

    characters: int = 0
    token_counts: TokenCounts | None = None
    first_token: float | None = None


def test_a_picture_counts_for_what_providers_bill_and_not_for_its_bytes() -> None:
    shown = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 5_000_000}}
    words = msgspec.Raw(b'{"type": "text", "text": "' + b"x" * 4_000 + b'"}')
    recorder = UsageRecorder(TokenEstimator())
    with recorder.call(
        ModelProfile("pictures-test", "m", {}),
        ModelRequest([{"role": "user", "content": [words, shown]}], []),
        Silent(),
    ):
        pass
    [row] = recorder.calls
    assert 1_900 < row.prompt_tokens < 2_100
