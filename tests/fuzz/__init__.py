"""Random input for every route, frame and form of a real server."""
