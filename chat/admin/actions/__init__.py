"""Actions that staff take on objects."""
