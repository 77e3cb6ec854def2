"""The Node that builds the page: the certificates that it trusts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from chatproject.dev.frontend import node
from chatproject.dev.frontend.page_build import run

CHECK = "import os, sys; sys.exit(os.environ.get('NODE_EXTRA_CA_CERTS', '') != sys.argv[1])"


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Provide a system whose certificates are in one file, and a user who has set nothing."""
    path = tmp_path / "certificates.pem"
    path.touch()
    monkeypatch.setattr(node, "CERTIFICATES", (str(tmp_path / "missing.pem"), str(path)))
    for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
        monkeypatch.delenv(name, raising=False)
    return path


def test_node_trusts_the_certificates_of_the_system(bundle: Path) -> None:
    run([sys.executable, "-c", CHECK, str(bundle)], bundle.parent, {}, 10)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"])
def test_node_trusts_the_certificates_that_the_user_names(
    name: str, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = bundle.with_name("own.pem")
    own.touch()
    monkeypatch.setenv(name, str(own))
    run([sys.executable, "-c", CHECK, str(own)], bundle.parent, {}, 10)


def test_without_a_known_file_node_keeps_its_own_list(bundle: Path) -> None:
    bundle.unlink()
    assert node.certificates() == {}
