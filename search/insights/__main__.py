"""The process that makes a report: ``python -m search.insights``, started by the service."""

from __future__ import annotations

import os

from casebook.children import give, take_task
from search.insights.making import make

# Searches go first.
_PRIORITY = 10

if __name__ == "__main__":
    os.nice(_PRIORITY)
    give(make(take_task()))
