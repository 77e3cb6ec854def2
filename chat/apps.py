from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ChatConfig(AppConfig):
    name = "chat"
    verbose_name = "Chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Find every app's tools, and read the models. What is wrong ends the start with one line that names it."""
        from chat.conf import settings
        from chat.llm.config import MODELS
        from chat.tools import ToolConfigError, check

        if settings.title_model and settings.title_model not in MODELS:
            raise SystemExit(f"CHAT_TITLE_MODEL names no model. Known: {', '.join(MODELS)}.")

        try:
            autodiscover_modules("tools")
            check()
        except ToolConfigError as mistake:
            raise SystemExit(str(mistake)) from mistake
