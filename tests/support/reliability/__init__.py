"""What may go wrong between here and Kaggle: every step, every fault, and what comes of it."""

from support.reliability.table import CELLS, FAULTS, STEPS, Cell

__all__ = ["CELLS", "FAULTS", "STEPS", "Cell"]
