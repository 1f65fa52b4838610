"""What training makes smaller, for whom it counts, and the steps that do it."""
