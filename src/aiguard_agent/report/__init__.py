"""A scan as text, for people and for machines."""
