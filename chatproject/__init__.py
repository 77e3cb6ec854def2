"""The project around `chat`: how it is set up, started and reached.

Before Django, with the standard library alone, in the order in which they run:
`bootstrap` makes `.venv`; `environment` reads `.env` and keeps the generated secrets; `commands` gives each command its
database; `postgres` runs the embedded one, which lives in a `postgres_home`; `up` and its `supervisor` start the servers
on the sockets of `listening` and `probe` them; `checks` are what `test` runs.

Around Django: `settings`, `urls`, `asgi`, and `server`, the Daphne that answers.
"""
