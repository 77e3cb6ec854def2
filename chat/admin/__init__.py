"""The admin: what was said, which answers were given, who may come in. Everything about content is read-only.

readonly    what the content's pages share: no changes, slim lists
transcript  messages as a person reads them, with their calls and results
threads, messages, responses   one table each, as list and page
accounts    users and their tokens
usage       calls of models, and prices; with accounts the only rows that can be changed here

Imports go upward in this list only.
"""

from django.contrib import admin

from chat.account_forms import StaffSignInForm
from chat.admin import accounts, messages, responses, threads, usage

__all__ = ["accounts", "messages", "responses", "threads", "usage"]

admin.site.login_form = StaffSignInForm
admin.site.site_title = admin.site.site_header = "Chat server"
admin.site.index_title = "Administration"
