"""Stage × fold: what a fold starts from, its data, its training, and where it runs."""
