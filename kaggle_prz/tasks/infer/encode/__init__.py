"""Labels as text -> labels as numbers, by what a submission wants."""
