"""Structured logs: one JSON object a line, with the request's id and no personal data."""
