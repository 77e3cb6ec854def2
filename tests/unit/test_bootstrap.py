"""Setting up: environments, `.env` files, generated secrets, and the addresses of `up`."""

from __future__ import annotations

import ast
import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

from chatproject.dev import bootstrap, checks, environment, listening, up

ROOT = bootstrap.ROOT
BOTH = (bootstrap.LOCK, bootstrap.TEST_LOCK)


class Installer:
    """A replacement for pip that makes the files which `_make` expects, and counts its runs."""

    def __init__(self, venv: Path) -> None:
        self.venv, self.calls, self.locks = venv, list[bool](), list[tuple[Path, ...]]()

    def __call__(self, python: str, fresh: bool, locks: tuple[Path, ...]) -> None:
        self.calls.append(fresh)
        self.locks.append(locks)
        (self.venv / "bin").mkdir(parents=True, exist_ok=True)
        (self.venv / "bin" / "python").unlink(missing_ok=True)
        (self.venv / "bin" / "python").symlink_to(sys.executable)


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """Provide a project folder without `.venv`, on a machine without uv."""
    (tmp_path / "tests").mkdir()
    for name, folder in (("LOCK", tmp_path), ("TEST_LOCK", tmp_path / "tests")):
        (folder / "requirements.txt").write_text("django==5.2 \\\n    --hash=sha256:00\n")
        monkeypatch.setattr(bootstrap, name, folder / "requirements.txt")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    installer = Installer(tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "_with_pip", installer)
    return installer


def test_an_environment_is_made_once(installer: Installer) -> None:
    bootstrap.ensure((bootstrap.LOCK,))
    bootstrap.ensure((bootstrap.LOCK,))
    assert installer.calls == [True]


def test_of_several_first_starts_at_once_one_installs(installer: Installer) -> None:
    threads = [threading.Thread(target=bootstrap.ensure, args=((bootstrap.LOCK,),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert installer.calls == [True]


def test_an_interrupted_installation_is_begun_anew(installer: Installer) -> None:
    bootstrap.ensure((bootstrap.LOCK,))
    (installer.venv / "stamp").unlink()
    bootstrap.ensure((bootstrap.LOCK,))
    assert installer.calls == [True, True]


def test_a_changed_lock_is_installed_over_the_old_environment(installer: Installer) -> None:
    bootstrap.ensure((bootstrap.LOCK,))
    bootstrap.LOCK.write_text("django==5.3 \\\n    --hash=sha256:00\n")
    bootstrap.ensure((bootstrap.LOCK,))
    assert installer.calls == [True, False]


def test_an_environment_whose_python_is_gone_is_made_anew(installer: Installer) -> None:
    bootstrap.ensure((bootstrap.LOCK,))
    (installer.venv / "bin" / "python").unlink()
    (installer.venv / "bin" / "python").symlink_to("/nowhere/python")
    bootstrap.ensure((bootstrap.LOCK,))
    assert installer.calls == [True, True]


def test_a_failing_installation_is_reported_in_one_line(
    installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(python: str, fresh: bool, locks: tuple[Path, ...]) -> None:
        bootstrap._must([sys.executable, "-c", "import sys; sys.exit('noise\\nERROR: no network\\nmore')"])

    monkeypatch.setattr(bootstrap, "_with_pip", fail)
    with pytest.raises(SystemExit, match=r"^The packages could not be installed.*: ERROR: no network$"):
        bootstrap.ensure((bootstrap.LOCK,))


def test_a_python_without_venv_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_runs", lambda command: False)
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        bootstrap._with_pip(sys.executable, fresh=True, locks=(bootstrap.LOCK,))


def test_an_old_python_looks_for_a_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 6))
    monkeypatch.setattr(bootstrap, "_runs", lambda command: True)
    monkeypatch.setattr(shutil, "which", {"python3.12": "/usr/bin/python3.12"}.get)
    assert bootstrap._base_python() == "/usr/bin/python3.12"


def test_an_old_python_alone_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 6))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"^Python 3\.11 or newer is needed"):
        bootstrap._base_python()


@pytest.mark.parametrize("missing", ["", "django"])
def test_an_active_environment_is_left_alone_where_it_has_everything(
    missing: str, installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced: list[str] = []
    monkeypatch.setattr(bootstrap, "_foreign", lambda: True)
    monkeypatch.setattr(bootstrap, "_missing", lambda locks: missing)
    monkeypatch.setattr(os, "execv", lambda python, argv: replaced.append(python))
    bootstrap.enter(["manage.py", "up"])
    assert replaced == ([str(installer.venv / "bin" / "python")] if missing else [])


def test_this_environment_holds_both_locks() -> None:
    assert bootstrap._missing(BOTH) == ""


def test_a_package_in_another_version_counts_as_missing(installer: Installer) -> None:
    bootstrap.LOCK.write_text("django==1.0 \\\n    --hash=sha256:00\n")
    assert bootstrap._missing((bootstrap.LOCK,)) == "django"


@pytest.mark.parametrize("name", ["manage.py", "chatproject/__init__.py", "chatproject/dev/bootstrap.py"])
def test_modules_that_run_before_the_environment_support_an_old_python(name: str) -> None:
    assert ast.parse((ROOT / name).read_text(), feature_version=(3, 9)).body


# The locks


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        (["manage.py", "up"], ["requirements.txt"]),
        (["manage.py", "shell", "test"], ["requirements.txt"]),
        (["manage.py"], ["requirements.txt"]),
        (["manage.py", "test", "tests/unit"], ["requirements.txt", "tests/requirements.txt"]),
    ],
)
def test_the_test_tools_are_for_the_test_command_alone(argv: list[str], wanted: list[str]) -> None:
    assert [lock.relative_to(ROOT).as_posix() for lock in bootstrap.locks_of(argv)] == wanted


def test_the_first_test_run_adds_its_tools_and_up_installs_nothing_anew(installer: Installer) -> None:
    server, tests = bootstrap.LOCK, bootstrap.TEST_LOCK
    for locks in ((server,), (server, tests), (server,), (server, tests)):
        bootstrap.ensure(locks)
    assert installer.calls == [True, False]
    assert installer.locks == [(server,), (server, tests)]


def test_a_changed_lock_of_test_tools_does_not_concern_the_server(installer: Installer) -> None:
    bootstrap.ensure((bootstrap.LOCK, bootstrap.TEST_LOCK))
    bootstrap.TEST_LOCK.write_text("pytest==9 \\\n    --hash=sha256:00\n")
    bootstrap.ensure((bootstrap.LOCK,))
    assert installer.calls == [True]


def test_an_interrupted_installation_of_test_tools_is_begun_anew(
    installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(python: str, fresh: bool, locks: tuple[Path, ...]) -> None:
        raise KeyboardInterrupt

    locks = (bootstrap.LOCK, bootstrap.TEST_LOCK)
    bootstrap.ensure((bootstrap.LOCK,))
    monkeypatch.setattr(bootstrap, "_with_pip", interrupt)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.ensure(locks)
    monkeypatch.setattr(bootstrap, "_with_pip", installer)
    bootstrap.ensure(locks)
    assert installer.calls == [True, True]


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
