"""The build of the React page."""
