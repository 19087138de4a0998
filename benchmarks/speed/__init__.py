"""How fast the search is, and what it costs: every figure beside what it is compared with."""
