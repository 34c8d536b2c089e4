"""What experts check: one function a rule, grouped as the parts of a definition are."""
