"""Development tools: environment, embedded Postgres, supervisor, page build. Not needed with your own database and servers."""
