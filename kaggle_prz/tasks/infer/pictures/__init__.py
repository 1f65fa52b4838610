"""Which files are pictures, of which role, and whose."""
