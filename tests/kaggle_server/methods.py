"""The methods of the API by their service."""

from collections.abc import Callable
from typing import Any

from . import competitions, submissions, uploads
from .world import Call

Method = Callable[[Call], Any]
_COMPETITIONS: tuple[Method, ...] = (
    competitions.list_competitions,
    competitions.get_competition,
    competitions.list_data_files,
    competitions.download_data_files,
    competitions.download_data_file,
    competitions.get_leaderboard,
    competitions.download_leaderboard,
    submissions.start_submission_upload,
    submissions.create_submission,
    submissions.list_submissions,
    submissions.get_submission,
    submissions.download_submission,
    submissions.get_submission_limits,
)
_SERVICES: dict[str, tuple[Method, ...]] = {
    "competitions.CompetitionApiService": _COMPETITIONS,
    "blobs.BlobApiService": (uploads.start_blob_upload,),
}


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


METHODS: dict[str, Method] = {
    f"{service}/{_pascal(method.__name__)}": method
    for service, methods in _SERVICES.items()
    for method in methods
}
