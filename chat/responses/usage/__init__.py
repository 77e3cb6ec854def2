"""Usage of model calls: measured, priced and stored."""
