"""One page a command, and the functions of the Python interface: the steps of a run in order."""
