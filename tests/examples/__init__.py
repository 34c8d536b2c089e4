"""For each rule: a definition that breaks it, and one that nearly does."""
