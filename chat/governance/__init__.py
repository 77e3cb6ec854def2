"""Legal holds, redaction, retention and deletion."""
