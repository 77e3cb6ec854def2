"""The HTTP endpoints: thin async views. `endpoint` turns errors into problem documents, `cross_origin` adds CORS."""
