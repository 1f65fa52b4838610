"""Where competitions live: one small protocol, and who knows which competition."""
