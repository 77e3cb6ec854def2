"""The project around the app `chat`: settings, server, and development tools.

    settings, urls, asgi    the Django project
    server/                 the Daphne that answers
    dev/                    environment, embedded Postgres, supervisor and page build: not needed with a database and a
                            process manager of your own
    management/             the commands `up`, `prepare` and `test`

`dev` runs before Django, in this order: `bootstrap` makes `.venv`, `environment` reads `.env` and keeps the generated
secrets, `commands` gives each command its database, `up` and its `supervisor` start the servers, `checks` runs the tests.
"""
