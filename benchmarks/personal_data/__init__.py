"""How well personal data are found: recall, precision, false finds, speed."""
