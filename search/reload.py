"""POST /api/reload: asks the publisher to look for what is new."""
