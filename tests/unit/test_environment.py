"""The environment of commands: `.env` files, the data folder, generated secrets, and the addresses of `up`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chatproject.dev import checks, environment, listening, up

# .env


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("export A=b", "b"),
        ("  A = b c  ", "b c"),
        ("A=", ""),
        ("A=b # why", "b"),
        ("A=b#c", "b#c"),
        ("A=# why", ""),
        ("A='b # \"c\" \\n'", 'b # "c" \\n'),
        ('A="b\\n\\"c\\" # d" # why', 'b\n"c" # d'),
        ("A=postgresql://u:p@h/d?x=1&y=2", "postgresql://u:p@h/d?x=1&y=2"),
        ("\ufeffA=b", "b"),
        ("A=a\nA=b", "b"),
        ("\n# A=c\r\nA=b\r\n", "b"),
    ],
)
def test_a_line_of_a_file_is_read_as_a_shell_would(line: str, value: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(line, newline="")
    environ: dict[str, str] = {}
    environment.prepare(environ, tmp_path)
    assert environ["A"] == value


@pytest.mark.parametrize("line", ["A", "A B=c", "1A=b", "A='b", 'A="b" c', "=b"])
def test_an_invalid_line_is_named(line: str) -> None:
    with pytest.raises(SystemExit, match="line 2"):
        environment.parse(f"B=c\n{line}\n")


def test_the_real_environment_wins_over_the_local_file_over_the_common_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=common\nB=common\nC=common\n")
    (tmp_path / ".env.local").write_text("A=local\nB=local\n")
    environ = {"A": "real"}
    environment.prepare(environ, tmp_path)
    assert (environ["A"], environ["B"], environ["C"]) == ("real", "local", "common")


def test_an_empty_variable_overrules_a_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("THESYS_API_KEY=key\n")
    environ = {"THESYS_API_KEY": ""}
    environment.prepare(environ, tmp_path)
    assert environ["THESYS_API_KEY"] == ""


# The data folder and what is generated into it


def test_the_data_folder_is_private_and_stands_at_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    environ = {"CHAT_DATA_DIR": "some/folder"}
    folder = environment.prepare(environ, tmp_path)
    assert folder == tmp_path / "some/folder"
    assert environ["CHAT_DATA_DIR"] == str(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_data_folder_that_cannot_be_made_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="Set CHAT_DATA_DIR"):
        environment.prepare({"CHAT_DATA_DIR": "file/folder"}, tmp_path)


def test_the_secret_key_is_private_and_stays(tmp_path: Path) -> None:
    first: dict[str, str] = {}
    second: dict[str, str] = {}
    environment.provide_secret_key(first, tmp_path)
    environment.provide_secret_key(second, tmp_path)
    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert len(first["SECRET_KEY"]) >= 50
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_a_given_secret_key_is_kept(tmp_path: Path) -> None:
    environ = {"SECRET_KEY": "mine"}
    environment.provide_secret_key(environ, tmp_path)
    assert environ == {"SECRET_KEY": "mine"}
    assert not list(tmp_path.iterdir())


def test_an_empty_secret_file_is_filled(tmp_path: Path) -> None:
    (tmp_path / "secret-key").touch()
    assert environment.generated(tmp_path / "secret-key")
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


# Secrets in files, and values that files have later


def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k\n")
    environ = {"OPENAI_API_KEY_FILE": str(tmp_path / "key"), "SSL_CERT_FILE": "/none"}
    environment.prepare(environ, tmp_path)
    assert (environ["OPENAI_API_KEY"], "SSL_CERT" in environ) == ("k", False)
    environ = {"OPENAI_API_KEY_FILE": str(tmp_path / "none")}
    with pytest.raises(SystemExit, match="The file that OPENAI_API_KEY_FILE names cannot be read"):
        environment.prepare(environ, tmp_path)


def test_the_present_values_of_files_count_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "_from_files", set())
    (tmp_path / ".env").write_text("A=first\nB=first\nC=first\nDATABASE_URL=\n")
    environ = {"A": "real", "CHAT_DATA_DIR": str(tmp_path)}
    environment.provide_secret_key(environ, environment.prepare(environ, tmp_path))
    environ["DATABASE_URL"] = "of the embedded Postgres"
    (tmp_path / ".env").write_text("A=later\nB=later\nSECRET_KEY=given\nDATABASE_URL=\n")
    fresh = environment.reread(environ, tmp_path)
    assert (fresh["A"], fresh["B"], "C" in fresh, fresh["SECRET_KEY"]) == ("real", "later", False, "given")
    assert fresh["DATABASE_URL"] == "of the embedded Postgres"


# Who may reach the server


def test_guests_are_enabled_on_a_loopback_address() -> None:
    environ: dict[str, str] = {}
    up._set_default_access(environ, private=True)
    assert environ == {"CHAT_GUESTS": "1", "CHAT_SIGNUP": "1"}


def test_without_guests_there_is_no_sign_up() -> None:
    environ = {"CHAT_GUESTS": "0"}
    up._set_default_access(environ, private=True)
    assert environ == {"CHAT_GUESTS": "0", "CHAT_SIGNUP": "0"}


@pytest.mark.parametrize(
    "environ", [{"CHAT_GUESTS": "0", "CHAT_SIGNUP": "0"}, {"ALLOWED_HOSTS": "chat.example"}]
)
def test_guests_are_not_enabled_against_a_setting(environ: dict[str, str]) -> None:
    before = dict(environ)
    up._set_default_access(environ, private=True)
    assert environ == before


@pytest.mark.parametrize("given", [{}, {"SECRET_KEY": "key"}, {"ALLOWED_HOSTS": "chat.example"}])
def test_a_server_that_others_reach_needs_a_key_and_its_names(given: dict[str, str]) -> None:
    with pytest.raises(SystemExit, match="Others could reach this server: set"):
        up._set_default_access(dict(given), private=False)


def test_a_server_that_others_reach_starts_when_set_up_for_them() -> None:
    environ = {"SECRET_KEY": "key", "ALLOWED_HOSTS": "chat.example"}
    up._set_default_access(environ, private=False)
    assert {"CHAT_GUESTS", "CHAT_SIGNUP"}.isdisjoint(environ)


@pytest.mark.parametrize(
    ("host", "private"), [("127.0.0.1", True), ("127.3.2.1", True), ("0.0.0.0", False), ("192.0.2.1", False)]
)
def test_only_the_loopback_is_private(host: str, private: bool) -> None:
    assert listening.loopback(listening.resolve(host, 0)) is private


def test_a_taken_port_is_reported_in_one_line() -> None:
    (listener,) = listening.listen(listening.resolve("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with listener, pytest.raises(SystemExit, match=rf"^Port {port} of 127\.0\.0\.1 cannot be used: .*--port"):
        listening.listen(listening.resolve("127.0.0.1", port))


def test_user_and_password_of_an_address_are_not_shown() -> None:
    assert up._shown("https://user:secret@host:1/v1/?key=secret") == "https://host:1/v1/"


def test_tests_see_no_real_key(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"THESYS_API_KEY": "real", "CHAT_GUESTS": "1", "CHAT_DATA_DIR": "/data", "HOME": "/home"}
    monkeypatch.setattr(os, "environ", environ)
    checks._forget_real_use()
    assert set(environ) == {"CHAT_DATA_DIR", "HOME"}
