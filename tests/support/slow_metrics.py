"""Every metric once more, cell by cell in plain Python: what the fast ones must agree with.

Truth and answers are sets of columns, one a row; `labels` and `predictions` are lists of rows.
"""

import itertools
import math

import numpy as np

Rows = list[list[float]]
Sets = list[set[int]]


def truth_of(labels: np.ndarray, kind: str) -> Sets:
    if labels.ndim == 1:
        return [{int(label)} for label in labels]
    if kind == "classes":
        return [{row.index(max(row))} for row in labels.tolist()]
    return [{k for k, value in enumerate(row) if value >= 0.5} for row in labels.tolist()]


def answers_of(predictions: Rows, kind: str) -> Sets:
    likely = [row.index(max(row)) for row in predictions]
    if kind == "classes":
        return [{best} for best in likely]
    passing = [{k for k, p in enumerate(row) if p >= 0.5} for row in predictions]
    return [some or {best} for some, best in zip(passing, likely, strict=True)]


def nearest_index(predictions: Rows) -> list[int]:
    means = [sum(k * p for k, p in enumerate(row)) / sum(row) for row in predictions]
    return [min(math.floor(mean + 0.5), len(predictions[0]) - 1) for mean in means]


def f_beta(hits: int, answers: int, truths: int, beta: float) -> float | None:
    if not answers and not truths:
        return None
    precision = hits / answers if answers else 0.0
    recall = hits / truths if truths else 0.0
    if not hits:
        return 0.0
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def _mean(values: list[float | None], missing: float | None = None) -> float:
    kept = [missing if value is None else value for value in values]
    counted = [value for value in kept if value is not None]
    return sum(counted) / len(counted) if counted else 1.0


def macro_f(truth: Sets, answers: Sets, columns: int, beta: float = 1) -> float:
    def of_column(k: int) -> float | None:
        hits = sum(k in t and k in a for t, a in zip(truth, answers, strict=True))
        return f_beta(hits, sum(k in a for a in answers), sum(k in t for t in truth), beta)

    return _mean([of_column(k) for k in range(columns)])


def micro_f(truth: Sets, answers: Sets) -> float:
    hits = sum(len(t & a) for t, a in zip(truth, answers, strict=True))
    return _mean([f_beta(hits, sum(map(len, answers)), sum(map(len, truth)), 1)])


def sample_f(truth: Sets, answers: Sets, beta: float = 1) -> float:
    pairs = zip(truth, answers, strict=True)
    return _mean([f_beta(len(t & a), len(a), len(t), beta) for t, a in pairs], missing=1.0)


def second_f(truth: Sets, answers: Sets) -> float:
    hits = sum(1 in t & a for t, a in zip(truth, answers, strict=True))
    return _mean([f_beta(hits, sum(1 in a for a in answers), sum(1 in t for t in truth), 1)])


def accuracy(truth: Sets, answers: Sets) -> float:
    return sum(t == a for t, a in zip(truth, answers, strict=True)) / len(truth)


def balanced_accuracy(truth: Sets, answers: Sets) -> float:
    recalls = []
    for label in {next(iter(t)) for t in truth}:
        found = [label in a for t, a in zip(truth, answers, strict=True) if label in t]
        recalls.append(sum(found) / len(found))
    return sum(recalls) / len(recalls)


def kappa(truth: list[int], answers: list[int]) -> float:
    apart = sum((t - a) ** 2 for t, a in zip(truth, answers, strict=True)) / len(truth)
    by_chance = sum((t - a) ** 2 for t, a in itertools.product(truth, answers)) / len(truth) ** 2
    return 1 - apart / by_chance if by_chance else 1.0


def weighted_kappa(truth: list[int], answers: list[int], *, linear: bool) -> float:
    def weight(t: int, a: int) -> float:
        return abs(t - a) if linear else float(t != a)

    apart = sum(weight(t, a) for t, a in zip(truth, answers, strict=True)) / len(truth)
    by_chance = sum(weight(t, a) for t, a in itertools.product(truth, answers)) / len(truth) ** 2
    return 1 - apart / by_chance if by_chance else 1.0


def matthews(truth: list[int], answers: list[int]) -> float:
    """The correlation of being of the same class as another row, by truth and by answers."""

    def together(left: list[int], right: list[int]) -> float:
        pairs = zip(left, right, strict=True)
        alike = sum(x == y for x, y in pairs) * len(left)
        return alike - sum(x == y for x, y in itertools.product(left, right))

    spread = together(truth, truth) * together(answers, answers)
    return together(truth, answers) / math.sqrt(spread) if spread else 0.0


def average_precision(truth: list[bool], scores: list[float]) -> float:
    total, found = 0.0, 0
    for cutoff in sorted(set(scores), reverse=True):
        passed = [t for t, s in zip(truth, scores, strict=True) if s >= cutoff]
        total += (sum(passed) - found) * sum(passed) / len(passed)
        found = sum(passed)
    return total / sum(truth) if any(truth) else math.nan


def mean_precision(truth: Sets, predictions: Rows, columns: list[int]) -> float:
    each = [
        average_precision([k in t for t in truth], [row[k] for row in predictions]) for k in columns
    ]
    kept = [one for one in each if not math.isnan(one)]
    return sum(kept) / len(kept) if kept else math.nan


def global_precision(truth: Sets, predictions: Rows) -> float:
    right = [row.index(max(row)) in t for t, row in zip(truth, predictions, strict=True)]
    if not any(right):
        return 0.0
    precision = average_precision(right, [max(row) for row in predictions])
    return precision * sum(right) / len(right)


def brier(shares: Rows, predictions: Rows) -> float:
    total = 0.0
    for share, row in zip(shares, predictions, strict=True):
        pairs = list(zip(share, row, strict=True))[1 if len(row) == 2 else 0 :]
        total += sum((s - p / sum(row)) ** 2 for s, p in pairs)
    return total / len(shares)


def correlation(xs: list[float], ys: list[float]) -> float:
    means = sum(xs) / len(xs), sum(ys) / len(ys)
    apart = [(x - means[0], y - means[1]) for x, y in zip(xs, ys, strict=True)]
    spread = sum(x * x for x, _ in apart) * sum(y * y for _, y in apart)
    flat = len(set(xs)) == 1 or len(set(ys)) == 1
    return math.nan if flat else sum(x * y for x, y in apart) / math.sqrt(spread)


def mean_correlation(labels: Rows, predictions: Rows, *, by_rank: bool) -> float:
    def ranked(values: list[float]) -> list[float]:
        return [sum((o < v) + (o == v) / 2 for o in values) for v in values]

    pairs = zip(zip(*labels, strict=True), zip(*predictions, strict=True), strict=True)
    columns = [(list(y), list(p)) for y, p in pairs]
    if by_rank:
        columns = [(ranked(y), ranked(p)) for y, p in columns]
    kept = [c for c in (correlation(y, p) for y, p in columns) if not math.isnan(c)]
    return sum(kept) / len(kept) if kept else math.nan


def r2(labels: Rows, predictions: Rows) -> float:
    def of_column(errors: list[float], own: tuple[float, ...]) -> float:
        mean = sum(own) / len(own)
        return 1 - sum(e * e for e in errors) / sum((y - mean) ** 2 for y in own)

    if len(labels) < 2:
        return math.nan
    pairs = zip(_columns(labels, predictions), zip(*labels, strict=True), strict=True)
    each = [of_column(errors, own) for errors, own in pairs]
    return sum(each) / len(each)


def area(truth: list[bool], scores: list[float]) -> float:
    """Share of pairs in the right order; nan without a pair."""
    ahead = [s for t, s in zip(truth, scores, strict=True) if t]
    behind = [s for t, s in zip(truth, scores, strict=True) if not t]
    pairs = [(a > b) + 0.5 * (a == b) for a in ahead for b in behind]
    return sum(pairs) / len(pairs) if pairs else math.nan


def mean_area(truth: Sets, predictions: Rows, columns: list[int]) -> float:
    areas = [area([k in t for t in truth], [row[k] for row in predictions]) for k in columns]
    kept = [each for each in areas if not math.isnan(each)]
    return sum(kept) / len(kept) if kept else math.nan


def area_above(truth: list[bool], scores: list[float], least: float) -> float:
    """Area between the ROC curve and the line of that true positive rate, by its corners."""
    positives, negatives = sum(truth), len(truth) - sum(truth)
    if not positives or not negatives:
        return math.nan
    corners = [(0.0, 0.0)]
    for cutoff in sorted(set(scores), reverse=True):
        passed = [t for t, s in zip(truth, scores, strict=True) if s >= cutoff]
        corners.append(((len(passed) - sum(passed)) / negatives, sum(passed) / positives))
    total = 0.0
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        if y1 <= least:
            continue
        low = max(y0, least)
        left = x0 if y0 >= least else x0 + (x1 - x0) * (least - y0) / (y1 - y0)
        total += (x1 - left) * ((low + y1) / 2 - least)
    return total


def log_loss(shares: Rows, predictions: Rows) -> float:
    losses = [
        -sum(s * math.log(max(p / sum(row), 1e-15)) for s, p in zip(share, row, strict=True) if s)
        for share, row in zip(shares, predictions, strict=True)
    ]
    return sum(losses) / len(losses)


def tag_log_loss(labels: Rows, predictions: Rows) -> float:
    losses = []
    for y, p in zip(itertools.chain(*labels), itertools.chain(*predictions), strict=True):
        clipped = min(max(p, 1e-15), 1 - 1e-15)
        losses.append(-(y * math.log(clipped) + (1 - y) * math.log(1 - clipped)))
    return sum(losses) / len(losses)


def probabilistic_f1(truth: Sets, predictions: Rows) -> float:
    hits = sum(row[1] for t, row in zip(truth, predictions, strict=True) if 1 in t)
    false = sum(row[1] for t, row in zip(truth, predictions, strict=True) if 1 not in t)
    if not hits:
        return 0.0
    precision, recall = hits / (hits + false), hits / sum(1 in t for t in truth)
    return 2 * precision * recall / (precision + recall)


def rank(truth: set[int], row: list[float]) -> int:
    order = sorted(range(len(row)), key=lambda k: (-row[k], k))
    return 1 + order.index(next(iter(truth)))


def map_at(k: int, truth: Sets, predictions: Rows) -> float:
    ranks = [rank(t, row) for t, row in zip(truth, predictions, strict=True)]
    return sum(1 / r if r <= k else 0 for r in ranks) / len(ranks)


def error_at(k: int, truth: Sets, predictions: Rows) -> float:
    return sum(rank(t, row) > k for t, row in zip(truth, predictions, strict=True)) / len(truth)


def _columns(labels: Rows, predictions: Rows) -> list[list[float]]:
    return [
        [p - y for y, p in zip(ys, ps, strict=True)]
        for ys, ps in zip(zip(*labels, strict=True), zip(*predictions, strict=True), strict=True)
    ]


def rmse(labels: Rows, predictions: Rows) -> float:
    errors = list(itertools.chain(*_columns(labels, predictions)))
    return math.sqrt(sum(e**2 for e in errors) / len(errors))


def mcrmse(labels: Rows, predictions: Rows) -> float:
    columns = _columns(labels, predictions)
    return sum(math.sqrt(sum(e**2 for e in c) / len(c)) for c in columns) / len(columns)


def mae(labels: Rows, predictions: Rows) -> float:
    errors = list(itertools.chain(*_columns(labels, predictions)))
    return sum(abs(e) for e in errors) / len(errors)


def _indexes(truth: Sets, answers: Sets) -> tuple[list[int], list[int]]:
    return [next(iter(t)) for t in truth], [next(iter(a)) for a in answers]


def score(name: str, kind: str, labels: np.ndarray, predictions: np.ndarray) -> float:
    """The score by the metric of that name."""
    rows, columns = predictions.astype(float).tolist(), predictions.shape[1]
    shares = (np.eye(columns)[labels] if labels.ndim == 1 else labels).astype(float).tolist()
    numbers = {
        "rmse": rmse,
        "mse": lambda truth, said: rmse(truth, said) ** 2,
        "mcrmse": mcrmse,
        "mae": mae,
        "r2": r2,
        "pearson": lambda truth, said: mean_correlation(truth, said, by_rank=False),
        "spearman": lambda truth, said: mean_correlation(truth, said, by_rank=True),
    }
    if name in numbers:
        return numbers[name](shares, rows)
    truth, answers = truth_of(labels, kind), answers_of(rows, kind)
    second = ([1 in t for t in truth], [row[1] for row in rows]) if columns == 2 else ([], [])
    every = [1] if kind == "classes" and columns == 2 else list(range(columns))
    return {
        "log_loss": lambda: (log_loss if kind == "classes" else tag_log_loss)(shares, rows),
        "roc_auc": lambda: mean_area(truth, rows, every),
        "partial_roc_auc": lambda: area_above(*second, 0.8),
        "pf1": lambda: probabilistic_f1(truth, rows),
        "accuracy": lambda: accuracy(truth, answers),
        "balanced_accuracy": lambda: balanced_accuracy(truth, answers),
        "macro_f1": lambda: macro_f(truth, answers, columns),
        "macro_f2": lambda: macro_f(truth, answers, columns, beta=2),
        "micro_f1": lambda: micro_f(truth, answers),
        "sample_f1": lambda: sample_f(truth, answers),
        "f2": lambda: sample_f(truth, answers, beta=2),
        "binary_f1": lambda: second_f(truth, answers),
        "quadratic_kappa": lambda: kappa([next(iter(t)) for t in truth], nearest_index(rows)),
        "linear_kappa": lambda: weighted_kappa(
            [next(iter(t)) for t in truth], nearest_index(rows), linear=True
        ),
        "cohen_kappa": lambda: weighted_kappa(*_indexes(truth, answers), linear=False),
        "matthews": lambda: matthews(*_indexes(truth, answers)),
        "average_precision": lambda: mean_precision(truth, rows, every),
        "global_average_precision": lambda: global_precision(truth, rows),
        "brier": lambda: brier(shares, rows) if kind == "classes" else rmse(shares, rows) ** 2,
        "top_5_accuracy": lambda: 1 - error_at(5, truth, rows),
        "map_at_5": lambda: map_at(5, truth, rows),
        "top_5_error": lambda: error_at(5, truth, rows),
    }[name]()
