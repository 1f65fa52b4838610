"""The edges of the process: exit, Ctrl-C, streams, memory, and no secret in what it says."""
