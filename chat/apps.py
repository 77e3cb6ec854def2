from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ChatConfig(AppConfig):
    name = "chat"
    verbose_name = "Chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Find every app's tools. A tool that is wrong ends the start with one line that names it."""
        from chat.tools import ToolMistake, chosen

        try:
            autodiscover_modules("tools")
            chosen()
        except ToolMistake as mistake:
            raise SystemExit(str(mistake)) from mistake
