"""The admin: what was said, which answers were given, who may come in. Everything about content is read-only.

access      who may read, and the record of every look
reasons     why somebody reads, where that is asked for
dates, paging, filters     lists that cost the same with a million rows: by date, by key, by what an index knows
readonly    what the content's pages share: no changes, slim lists, nothing shown without right and record
deeds       pages that ask why and then do something to a row: `redactions`, `holds`, `suspensions`
exports     the threads of a list, as JSON lines
timeline, pace, attempts       where a response's time went, how fast it came, what each call of a model took
versions, transcript           messages as a person reads them, with their calls, results and other versions
recorder    all three, for a response's page
live, prompts                  its log for replay and for following, and its stop; what a model was sent
threads, messages, responses   one table each, as list and page
accounts    users and their tokens, and what they took
usage       calls of models, and prices; with accounts the only rows that can be changed here
records     the access record, to look at
spans, charts, panels, spreadsheet, dashboard    what it takes over time: drawn, as tables, as CSV
health      models, prices and tools: what is configured, how it is, a probe

Imports go upward in this list only. `chatproject.admin_site` says where each page stands.
"""

from django.contrib import admin

from chat.admin import accounts, audit_log, holds, messages, responses, threads, usage
from chat.web.account_forms import StaffSignInForm

__all__ = ["accounts", "audit_log", "holds", "messages", "responses", "threads", "usage"]

admin.site.login_form = StaffSignInForm
