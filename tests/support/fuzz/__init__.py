"""Damaged competitions: whatever the files hold, a task or one sentence comes of it.

`tables`, `packed` and `pictures` are strategies that draw damaged files, `trial` reads them and
says what came of it. `python -m support.fuzz --examples 10000` in `tests/` counts the outcomes.
"""
