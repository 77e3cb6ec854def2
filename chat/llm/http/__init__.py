"""HTTP connections to models' servers."""
