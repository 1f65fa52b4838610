"""The methods of the API by their service."""

from collections.abc import Callable
from typing import Any

from . import competitions, datasets, files, kernels, notebooks, submissions, uploads
from .world import Call

Method = Callable[[Call], Any]
_COMPETITIONS: tuple[Method, ...] = (
    competitions.list_competitions,
    competitions.get_competition,
    files.list_data_files,
    files.download_data_files,
    files.download_data_file,
    competitions.get_leaderboard,
    competitions.download_leaderboard,
    submissions.start_submission_upload,
    submissions.create_submission,
    submissions.list_submissions,
    submissions.get_submission,
    submissions.download_submission,
    submissions.get_submission_limits,
    notebooks.create_code_submission,
)
_KERNELS: tuple[Method, ...] = (
    kernels.save_kernel,
    kernels.get_kernel_session_status,
    kernels.list_kernel_session_output,
    kernels.download_kernel_output,
)
_DATASETS: tuple[Method, ...] = (
    datasets.create_dataset,
    datasets.create_dataset_version,
    datasets.get_dataset_status,
    datasets.get_dataset,
    datasets.list_datasets,
    datasets.list_dataset_files,
    datasets.download_dataset,
)
_SERVICES: dict[str, tuple[Method, ...]] = {
    "competitions.CompetitionApiService": _COMPETITIONS,
    "kernels.KernelsApiService": _KERNELS,
    "datasets.DatasetApiService": _DATASETS,
    "blobs.BlobApiService": (uploads.start_blob_upload,),
}


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


METHODS: dict[str, Method] = {
    f"{service}/{_pascal(method.__name__)}": method
    for service, methods in _SERVICES.items()
    for method in methods
}
