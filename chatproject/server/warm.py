"""Templates and addresses of the pages, made ahead and kept out of garbage collections.

Made when a page was first shown, they were most of the 38,000 objects that each full collection visited, in the event loop:
13 to 22 ms of CPU once every page had been shown, and more on a busy machine; 1 to 3 ms are left. Made ahead and frozen, they
take 0.4 s once.
"""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.forms.renderers import get_default_renderer
from django.template import Engine, TemplateDoesNotExist, TemplateSyntaxError, engines
from django.template.backends.django import DjangoTemplates
from django.template.loaders import cached
from django.urls import NoReverseMatch, get_resolver, reverse
from django.utils import translation

# Seconds after the start, when those who waited for it have been answered: two seconds after it, sixty prompts took 6.5 ms of
# CPU each where they took 5.
DELAY = 60.0
# Templates that are compiled between two collections, each of which then takes 3 ms.
BATCH = 25


def warm_pages(loop: asyncio.AbstractEventLoop) -> None:
    """Make what the pages need in a thread of the loop's, once the first requests have been answered."""
    loop.call_later(DELAY, loop.run_in_executor, None, _warm)


def _warm() -> None:
    for code, _ in settings.LANGUAGES:
        with translation.override(code):
            _resolve_names()
        _freeze()
    for backend in engines.all():
        _compile(backend, "")
    # Its engine has all templates once more, of which forms need their own.
    _compile(getattr(get_default_renderer(), "engine", None), "django/forms/")


def _resolve_names() -> None:
    """Make the tables of all addresses by name in the current language; those of each namespace are made anew."""
    for namespace in get_resolver().namespace_dict:
        with suppress(NoReverseMatch):
            reverse(f"{namespace}:index")


def _freeze() -> None:
    """Exempt all objects from garbage collections that are none now."""
    gc.collect()
    gc.freeze()


def _compile(backend: object, prefix: str) -> None:
    """Compile the templates of a backend whose names begin with a prefix, if it keeps them."""
    if not isinstance(backend, DjangoTemplates):
        return
    names = sorted(name for name in _names(backend.engine) if name.startswith(prefix))
    for first in range(0, len(names), BATCH):
        for name in names[first : first + BATCH]:
            # Those of apps that are not in use may need tags of others.
            with suppress(TemplateDoesNotExist, TemplateSyntaxError):
                backend.engine.get_template(name)
        _freeze()


def _names(engine: Engine) -> set[str]:
    """Return the names of the pages in the folders of an engine's cached loaders."""
    kept = [loader for loader in engine.template_loaders if isinstance(loader, cached.Loader)]
    folders = {
        Path(folder)
        for one in kept
        for loader in one.loaders
        for folder in getattr(loader, "get_dirs", list)()
    }
    return {path.relative_to(folder).as_posix() for folder in folders for path in folder.rglob("*.html")}
