"""The chat server: relay, durable log, history, inspection. Imports only go downward in this list.

asgi                         the ASGI application, around that of the Django project
admin                        inspection in Django's admin
api, web                     HTTP and WebSocket endpoints; server-rendered pages
service                      the operations that endpoints call
runtime, cleanup             the running part of a process; background cleanup
accounts                     identity, guests, sessions, suspension, erasure
reporting                    roll-ups, rebuilt requests, figures of the admin
responses, governance        claim, run and finish a response; holds, redaction, retention, deletion
threads                      threads, messages, branches, search, shares, exports, attachments
streams, tools, files        the durable text log; what a model may call; the text of files
llm, schemas, models         how a model is called; validation of input; tables
db, process                  statements and notifications; the one object that holds the state of a process
text, exceptions, conf       storable text; errors; settings

Beside them: `demo`, the model that answers without a key, and `testing`, a model server with every fault. Both are servers of
their own, reached over HTTP alone. `docs/explanation/architecture.md` follows a prompt through the packages.
"""
