import django_stubs_ext
from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

# Django's forms and admin classes take no type parameters at runtime; this module is read before any that gives some.
django_stubs_ext.monkeypatch()


class ChatConfig(AppConfig):
    name = "chat"
    verbose_name = _("Chat")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register every app's tools, connect signals, translate names, and check the settings. Raises ImproperlyConfigured."""
        from chat import tools
        from chat.accounts import revocation
        from chat.accounts.single_sign_on import provider
        from chat.llm import embedding_config
        from chat.models.translated import translate_names
        from chat.responses import notices

        translate_names(self.get_models())
        revocation.connect()
        autodiscover_modules("tools")
        tools.check()
        notices.check()
        embedding_config.spec()
        provider.check()
