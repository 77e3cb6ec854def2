"""Inspection of one response: transcript, timeline, trace and replay."""
