"""Addresses in content parts: public ones and data pass, none leads a model's server into its own network."""

from __future__ import annotations

from typing import Any

import pytest

from chat.llm.remote_urls import has_private_url, is_public


@pytest.mark.parametrize(
    "url",
    [
        "data:,x",
        "DATA:image/png;base64,AAAA",
        "https://example.org/a.png?b=c#d",
        "http://example.org:8080/",
        "HTTPS://EXAMPLE.ORG/",
        "https://bücher.example/",
        "https://xn--bcher-kva.xn--p1ai/",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]/",
    ],
)
def test_a_public_address_passes(url: str) -> None:
    assert is_public(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "http://192.168.0.1/",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fd00::1]/",
        "http://[fe80::1%25eth0]/",
        "http://localhost/",
        "http://localhost./",
        "http://metadata.google.internal/",
        "http://router.lan/",
        "http://intranet/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://0177.0.0.01/",
        "http://127.0.0.0x1/",
        "http://example.org@127.0.0.1/",
        "http://127.0.0.1\\@example.org/",
        "http:// example.org/",
        "http://example.org\t/",
        "http://[::1",
        "http:///",
        "//example.org/",
        "/etc/passwd",
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "ftp://example.org/",
        "gopher://example.org/",
        "",
        None,
        5,
    ],
)
def test_any_other_address_does_not(url: Any) -> None:
    assert not is_public(url)


@pytest.mark.parametrize(
    ("part", "private"),
    [
        ({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}, True),
        ({"type": "image_url", "image_url": "file:///etc/passwd"}, True),
        ({"image_url": {"url": "http://127.0.0.1/"}}, True),
        ({"type": "video_url", "video_url": {"url": "http://127.0.0.1/"}}, True),
        ({"type": "audio_url", "audio_url": {"url": "http://127.0.0.1/"}}, True),
        ({"type": "image_url", "image_url": {"url": "https://example.org/"}}, False),
        ({"type": "image_url", "image_url": {"url": "data:,x"}}, False),
        ({"type": "text", "text": "file:///etc/passwd"}, False),
        ({"type": "text", "image_url": None}, False),
        ("text", False),
    ],
)
def test_every_kind_of_part_is_checked(part: Any, private: bool) -> None:
    assert has_private_url(part) is private
