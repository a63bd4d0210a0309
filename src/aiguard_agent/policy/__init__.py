"""What we think of an estate."""
