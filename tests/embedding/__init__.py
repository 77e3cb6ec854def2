"""The app in another Django project, installed from its wheel."""
