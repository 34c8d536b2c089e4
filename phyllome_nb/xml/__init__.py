"""The lens: typed views over an lxml tree, which is the only store. lxml is imported here alone."""
