"""The HTTP doors: thin async views. `door` turns requests into callers and errors into problem documents."""
