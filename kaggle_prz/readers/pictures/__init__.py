"""Picture formats: a file or a row -> `(height, width, channels)` bytes."""
