"""What a definition can say: one module per part, each a table of fields."""
