"""How good and how fast the search is, measured the same way by everybody; see README.md."""
