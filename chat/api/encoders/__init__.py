"""One encoder per dialect: pure functions from the events of a log to the bytes or frames of a transport."""
