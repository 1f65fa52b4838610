"""Labels and predictions of every kind, drawn from a seed; small, with ties and rare columns."""

import numpy as np

from kaggle_prz import metrics

PAIRS = [(name, kind) for name in metrics.names() for kind in sorted(metrics.get(name).kinds)]


def draw(
    kind: str, seed: int, *, columns: int | None = None, rows: int | None = None, soft: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """`(labels, predictions)`; eighths as probabilities of tags, so that some are equal."""
    random = np.random.default_rng(seed)
    k = columns or int(random.integers(2, 8))
    n = rows or int(random.integers(1, 25))
    if kind == "numbers":
        labels = random.normal(40, 20, (n, k))
        return labels.astype(np.float32), (labels + random.normal(0, 5, (n, k))).astype(np.float32)
    if kind == "tags":
        labels = random.random((n, k)) if soft else random.random((n, k)) < random.random(k)
        known = 0.5 * labels + 0.5 * random.random((n, k))
        return labels.astype(np.float32), (np.round(known * 8) / 8).astype(np.float32)
    shares = random.dirichlet(np.full(k, 0.5), n)
    classes = random.choice(k, n, p=random.dirichlet(np.ones(k)))
    labels = shares.astype(np.float32) if soft else classes
    counts = random.integers(0, 4, (n, k)) + 2 * (shares if soft else np.eye(k)[classes]) + 0.25
    return labels, (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)


def draw_for(name: str, kind: str, seed: int, **given: object) -> tuple[np.ndarray, np.ndarray]:
    """The same, of two columns where the metric is binary.

    Where order counts, no expected index lies half-way between two classes: which is nearer would
    be a matter of the last bit.
    """
    metric = metrics.get(name)
    if metric.binary:
        given["columns"] = 2
    labels, predictions = draw(kind, seed, **given)  # type: ignore[arg-type]
    if metric.rule == "order":
        noise = np.random.default_rng(seed).dirichlet(np.ones(predictions.shape[1]), len(labels))
        predictions = 0.9 * predictions + 0.1 * noise
    return labels, predictions
