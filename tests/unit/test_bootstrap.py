"""The bootstrap: `.venv`, its locks, and the Python that makes it."""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from chatproject.dev import bootstrap

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


def test_the_lock_of_an_installation_is_out_of_reach_of_other_users(installer: Installer) -> None:
    with bootstrap.alone(bootstrap.ROOT):  # as another user can
        bootstrap.ensure((bootstrap.LOCK,))
    assert (bootstrap.ROOT / ".venv.lock").stat().st_mode & 0o777 == 0o700


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


def _wheel(folder: Path) -> str:
    """Make a package of one module, and return the lock that pins it."""
    path, info = folder / "example-1.0-py3-none-any.whl", "example-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("example.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: example\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return f"example==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.mark.long  # makes an environment
def test_no_setting_of_pip_has_packages_installed_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, environment = tmp_path / "requirements.txt", tmp_path / ".venv"
    lock.write_text(_wheel(tmp_path))
    monkeypatch.setattr(bootstrap, "VENV", environment)
    elsewhere = {
        f"PIP_{name}": str(tmp_path / "elsewhere") for name in ("TARGET", "ROOT", "LOG", "CONSTRAINT")
    }
    given = {"PIP_USER": "1", "PIP_DRY_RUN": "1", "PIP_NO_BINARY": "example", "PIP_FIND_LINKS": str(tmp_path)}
    for name, value in {**elsewhere, **given, "PIP_NO_INDEX": "1"}.items():
        monkeypatch.setenv(name, value)
    bootstrap._with_pip(sys.executable, fresh=True, locks=(lock,))
    assert len(list(environment.glob("lib/python*/site-packages/example.py"))) == 1


def test_settings_of_pip_for_the_package_index_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"PIP_INDEX_URL": "a", "PIP_CERT": "b", "PIP_DEFAULT_TIMEOUT": "c", "PIP_PROXY": "d"}
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
    assert wanted.items() <= bootstrap.pip_environment().items()


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
