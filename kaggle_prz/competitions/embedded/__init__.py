"""The embedded competitions: files, answers, grader and leaderboard without any network."""

from collections.abc import Mapping

from kaggle_prz.competitions.embedded.elpv import Elpv
from kaggle_prz.competitions.embedded.shapes import Shapes

EMBEDDED: Mapping[str, Shapes | Elpv] = {each.competition.slug: each for each in (Shapes(), Elpv())}
