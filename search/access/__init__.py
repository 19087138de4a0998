"""Who may use the service, and what they may do there."""
