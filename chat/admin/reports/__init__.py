"""Dashboard, charts and the health of models and tools."""
