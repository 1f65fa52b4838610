"""What every room stands on: errors, the task as a value, console, clock, files. Knows no step."""
