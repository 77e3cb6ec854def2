"""Threads: messages, branches, search, shares, exports, attachments, and the history sent to models."""
