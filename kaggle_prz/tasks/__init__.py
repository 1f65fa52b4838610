"""A competition's files -> Task and folds."""
