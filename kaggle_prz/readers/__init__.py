"""Bytes -> tables and pictures: archives, containers, CSV and JSON tables, picture formats."""
