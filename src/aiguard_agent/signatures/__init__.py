"""How to recognise AI servers: documents, not code."""
