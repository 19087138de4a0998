"""What was asked, found, opened, copied and rated: no personal data, and never who asked."""
