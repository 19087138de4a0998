"""What the journal teaches: what is missing, what grows, what to mend next."""
