"""The known metrics, and what hosts and people call them."""

import re
from collections.abc import Mapping
from dataclasses import replace

from kaggle_prz.metrics import labels, probabilities, ranks, regression
from kaggle_prz.metrics.arrays import Kind
from kaggle_prz.metrics.labels import FScore
from kaggle_prz.metrics.metric import Metric, Rule, Scorer, Wants

DEFAULT_K = 5


def _f_score(name: str, title: str, f_score: FScore, rule: Rule = "likely") -> Metric:
    return Metric(name, title, True, "labels", {"classes": f_score, "tags": f_score}, rule)


def _of_classes(
    name: str, title: str, wants: Wants, scorer: Scorer, rule: Rule = "likely"
) -> Metric:
    return Metric(name, title, True, wants, {"classes": scorer}, rule)


def _of_two(name: str, title: str, wants: Wants, scorer: Scorer, rule: Rule = "likely") -> Metric:
    return replace(_of_classes(name, title, wants, scorer, rule), binary=True)


def _distance(name: str, title: str, scorer: Scorer) -> Metric:
    scorers: dict[Kind, Scorer] = {
        "numbers": scorer,
        "tags": scorer,
        "classes": regression.of_shares(scorer),
    }
    return Metric(name, title, False, "values", scorers)


def map_at(k: int) -> Metric:
    """MAP@k of rows with one true class."""
    scorers: dict[Kind, Scorer] = {"classes": ranks.MeanPrecisionAt(k)}
    return Metric(f"map_at_{k}", f"MAP@{k}", True, "ranks", scorers)


def error_at(k: int) -> Metric:
    """Share of rows whose true class is not among the k most probable."""
    scorers: dict[Kind, Scorer] = {"classes": ranks.ErrorAt(k)}
    return Metric(f"top_{k}_error", f"top-{k} error", False, "ranks", scorers)


_LOG_LOSS: dict[Kind, Scorer] = {
    "classes": probabilities.class_log_loss,
    "tags": probabilities.tag_log_loss,
}
_ROC_AUC: dict[Kind, Scorer] = {
    "classes": probabilities.class_roc_auc,
    "tags": probabilities.tag_roc_auc,
}
_ACCURACY: dict[Kind, Scorer] = {"classes": labels.accuracy, "tags": labels.accuracy}

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("log_loss", "log loss", False, "probabilities", _LOG_LOSS),
        Metric("accuracy", "accuracy", True, "labels", _ACCURACY),
        _f_score("macro_f1", "macro F1", FScore(1, "macro"), "balance"),
        Metric("roc_auc", "ROC AUC", True, "probabilities", _ROC_AUC),
        _of_two(
            "partial_roc_auc", "partial ROC AUC", "probabilities", probabilities.partial_roc_auc
        ),
        _of_classes(
            "balanced_accuracy", "balanced accuracy", "labels", labels.balanced_accuracy, "balance"
        ),
        _f_score("micro_f1", "micro F1", FScore(1, "micro")),
        _f_score("sample_f1", "F1 of rows", FScore(1, "samples")),
        _of_two("binary_f1", "F1 of the second class", "labels", FScore(1, "second"), "threshold"),
        _f_score("f2", "F2 of rows", FScore(2, "samples")),
        _f_score("macro_f2", "macro F2", FScore(2, "macro"), "balance"),
        _of_two("pf1", "probabilistic F1", "probabilities", probabilities.pf1),
        _of_classes(
            "quadratic_kappa", "quadratic weighted kappa", "labels", labels.quadratic_kappa, "order"
        ),
        map_at(DEFAULT_K),
        error_at(DEFAULT_K),
        _distance("rmse", "RMSE", regression.rmse),
        _distance("mae", "MAE", regression.mae),
        _distance("mcrmse", "mean columnwise RMSE", regression.mcrmse),
    )
}

_ALIASES = {
    "log_loss": ["Multiclass Loss", "Multi Class Log Loss", "Mean Columnwise Log Loss"],
    "accuracy": ["Categorization Accuracy", "Accuracy Score"],
    "roc_auc": [
        "AUC",
        "Area Under Receiver Operating Characteristic Curve",
        "MCAUC",
        "Mean Columnwise Area Under Receiver Operating Characteristic Curve",
        "Roc Auc Score",
    ],
    "partial_roc_auc": ["pAUC"],
    # Hosts give its weights apart; most of them make classes count alike (bengaliai-cv19).
    "balanced_accuracy": ["Weighted Categorization Accuracy", "Balanced Accuracy Score"],
    "macro_f1": ["F-Score (Macro)", "Macro F-Score"],
    "micro_f1": ["F-Score (Micro)", "Micro F-Score"],
    # Its name apart, it is a mean over rows: so says the page of geolifeclef-2024.
    "sample_f1": ["F-Score Beta (Micro)", "Mean F-Score", "Mean F-Score Beta", "Samples F1"],
    "binary_f1": ["F1", "F1 Score"],
    "f2": ["Sample F2"],
    "pf1": ["Probabilistic F-Score Beta (Micro)"],
    "quadratic_kappa": ["QuadraticWeightedKappa", "Cohen Kappa Score", "Kappa", "QWK"],
    "map_at_5": ["MAP@{K}", "MAP{K}"],
    "top_5_error": ["MeanBestErrorAtK"],
    "rmse": ["Root Mean Squared Error"],
    "mae": ["Mean Absolute Error"],
    "mcrmse": ["Mean Columnwise Root Mean Squared Error"],
}
_MAP = re.compile(r"(?:map|meanaverageprecision)(?:at)?([1-9][0-9]*)")
_TOP = re.compile(r"top([1-9][0-9]*)error")


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


_BY_LETTERS = {
    _letters(written): METRICS[name]
    for name in METRICS
    for written in [name, *_ALIASES.get(name, [])]
}


def find(text: str) -> Metric | None:
    """Return the metric that a text names, or None; only its letters and digits matter."""
    letters = _letters(text)
    for pattern, make in ((_MAP, map_at), (_TOP, error_at)):
        if found := pattern.fullmatch(letters):
            return make(int(found[1]))
    return _BY_LETTERS.get(letters)
