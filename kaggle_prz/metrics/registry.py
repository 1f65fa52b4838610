"""The known metrics, and what hosts and people call them."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace

from kaggle_prz.metrics import labels, probabilities, ranks, regression
from kaggle_prz.metrics.arrays import Kind
from kaggle_prz.metrics.labels import FScore
from kaggle_prz.metrics.metric import Metric, Rule, Scorer, Wants

DEFAULT_K = 5
_ALIKE = 0.6


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


def accuracy_at(k: int) -> Metric:
    """Share of rows whose true class is among the k most probable."""
    scorers: dict[Kind, Scorer] = {"classes": ranks.AccuracyAt(k)}
    return Metric(f"top_{k}_accuracy", f"top-{k} accuracy", True, "ranks", scorers)


def _correlation(name: str, title: str, scorer: Scorer) -> Metric:
    return Metric(name, title, True, "values", {"numbers": scorer, "tags": scorer})


_LOG_LOSS: dict[Kind, Scorer] = {
    "classes": probabilities.class_log_loss,
    "tags": probabilities.tag_log_loss,
}
_ROC_AUC: dict[Kind, Scorer] = {
    "classes": probabilities.class_roc_auc,
    "tags": probabilities.tag_roc_auc,
}
_PRECISION: dict[Kind, Scorer] = {
    "classes": probabilities.class_average_precision,
    "tags": probabilities.tag_average_precision,
}
_BRIER: dict[Kind, Scorer] = {"classes": probabilities.class_brier, "tags": regression.mse}
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
        _of_classes(
            "linear_kappa", "linear weighted kappa", "labels", labels.linear_kappa, "order"
        ),
        _of_classes("cohen_kappa", "Cohen's kappa", "labels", labels.cohen_kappa),
        _of_classes("matthews", "Matthews correlation coefficient", "labels", labels.matthews),
        Metric("average_precision", "average precision", True, "probabilities", _PRECISION),
        _of_classes(
            "global_average_precision",
            "global average precision",
            "probabilities",
            probabilities.global_average_precision,
        ),
        Metric("brier", "Brier score", False, "probabilities", _BRIER),
        map_at(DEFAULT_K),
        error_at(DEFAULT_K),
        accuracy_at(DEFAULT_K),
        _distance("rmse", "RMSE", regression.rmse),
        _distance("mse", "MSE", regression.mse),
        _distance("mae", "MAE", regression.mae),
        _distance("mcrmse", "mean columnwise RMSE", regression.mcrmse),
        Metric("r2", "R²", True, "values", {"numbers": regression.r2}),
        _correlation("pearson", "Pearson correlation", regression.pearson),
        _correlation("spearman", "Spearman correlation", regression.spearman),
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
    "linear_kappa": ["Linear Weighted Kappa"],
    "cohen_kappa": ["Cohen's Kappa", "Unweighted Kappa"],
    "matthews": ["Matthews Correlation Coefficient", "Matthews Corrcoef", "MCC"],
    "average_precision": [
        "Average Precision Score",
        "cmAP",
        "PR AUC",
        "Area Under Precision-Recall Curve",
    ],
    "global_average_precision": ["GAP", "Google Global AP", "Micro Average Precision"],
    "brier": ["Brier Score", "Brier Score Loss"],
    "map_at_5": ["MAP@{K}", "MAP{K}"],
    "top_5_error": ["MeanBestErrorAtK"],
    "rmse": ["Root Mean Squared Error"],
    "mse": ["Mean Squared Error"],
    "mae": ["Mean Absolute Error"],
    "mcrmse": ["Mean Columnwise Root Mean Squared Error"],
    "r2": ["R2 Score", "R squared", "Coefficient of Determination"],
    "pearson": ["Pearson Correlation Coefficient", "Pearson R"],
    "spearman": ["Spearman Correlation Coefficient", "Spearman R", "Mean Columnwise Spearman R"],
}
_MAP = re.compile(r"(?:map|meanaverageprecision)(?:at)?([1-9][0-9]*)")
_TOP = re.compile(r"top([1-9][0-9]*)error")
_TOP_ACCURACY = re.compile(r"top([1-9][0-9]*)accuracy(?:score)?")
# Words in names of metrics that score neither classes, tags nor numbers.
_OF_OTHER_TASKS = {
    "iou": "segmentation or object detection",
    "miou": "segmentation or object detection",
    "intersection": "segmentation or object detection",
    "dice": "segmentation",
    "hausdorff": "segmentation",
    "panoptic": "segmentation",
    "boxes": "object detection",
    "bleu": "captioning",
    "levenshtein": "text recognition",
}


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower().replace("²", "2"))


def other_task(text: str) -> str | None:
    """Return the task that a metric is of, if neither classes, tags nor numbers; else None."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    words = re.findall(r"[a-z]+", f"{spaced} {text}".lower())
    if re.search(r"^map(at)?0\d+|obj(ect)?detection", _letters(text)):
        return "object detection"
    return next((_OF_OTHER_TASKS[word] for word in words if word in _OF_OTHER_TASKS), None)


def nearest(text: str) -> list[str]:
    """Return names of known metrics that are written like a text, the nearest first."""
    alike = difflib.get_close_matches(_letters(text), _BY_LETTERS, n=3, cutoff=_ALIKE)
    return list(dict.fromkeys(_BY_LETTERS[letters].name for letters in alike))


_BY_LETTERS = {
    _letters(written): METRICS[name]
    for name in METRICS
    for written in [name, *_ALIASES.get(name, [])]
}


def find(text: str) -> Metric | None:
    """Return the metric that a text names, or None; only its letters and digits matter."""
    letters = _letters(text)
    for pattern, make in ((_MAP, map_at), (_TOP, error_at), (_TOP_ACCURACY, accuracy_at)):
        if found := pattern.fullmatch(letters):
            return make(int(found[1]))
    return _BY_LETTERS.get(letters)
