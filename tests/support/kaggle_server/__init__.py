"""A loopback Kaggle: competitions, submissions with real scores, kernels that run, datasets.

The official client works against it as it is. `python -m kaggle_server --state DIR` in `tests/`
serves by hand; in tests, the fixture `loopback` is one: `loopback.competition(...)` adds a
competition, `loopback.api()` and `loopback.cli(...)` are the client, `loopback.faults.add(...)`
orders failures and `loopback.requests()` tells what was asked.
"""
