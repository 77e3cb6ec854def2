"""Roll-ups, rebuilt requests, and the admin's figures."""
