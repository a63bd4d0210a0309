"""Ask servers whose owner we know; the only room that connects to what we observe."""
