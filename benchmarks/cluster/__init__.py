"""A cluster of OpenSearch on this machine, and how the engine on it compares with Tantivy."""
