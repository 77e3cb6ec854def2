"""The admin: what was said, which answers were given, who may come in. Everything about content is read-only.

access      who may read, and the record of every look
reasons     why somebody reads, where that is asked for
readonly    what the content's pages share: no changes, slim lists, nothing shown without right and record
deeds       pages that ask why and then do something to a row: `redactions`, `holds`, `suspensions`
exports     the threads of a list, as JSON lines
timeline, pace, attempts       where a response's time went, how fast it came, what each call of a model took
versions, transcript           messages as a person reads them, with their calls, results and other versions
recorder    all three, for a response's page
live, prompts                  its log for replay and for following, and its stop; what a model was sent
threads, messages, responses   one table each, as list and page
accounts    users and their tokens
usage       calls of models, and prices; with accounts the only rows that can be changed here
records     the access record, to look at

Imports go upward in this list only.
"""

from django.contrib import admin

from chat.account_forms import StaffSignInForm
from chat.admin import accounts, holds, messages, records, responses, threads, usage

__all__ = ["accounts", "holds", "messages", "records", "responses", "threads", "usage"]

admin.site.login_form = StaffSignInForm
admin.site.site_title = admin.site.site_header = "Chat server"
admin.site.index_title = "Administration"
