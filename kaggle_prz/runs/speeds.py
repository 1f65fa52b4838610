"""What was measured on this machine so far: `speed.json` in the tool's home, kept for later runs.

A speed belongs to a backbone, an image size, a batch size, a precision and a machine.
"""

from typing import Annotated

import pydantic
from pydantic import Field

from kaggle_prz.core import environment, filesystem
from kaggle_prz.core.errors import RunError
from kaggle_prz.schedule.cost import Speed, Speeds
from kaggle_prz.schedule.recipe import Recipe, Stage

_FILE = "speed.json"
_Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Count = Annotated[int, Field(gt=0)]


class _Row(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    backbone: str
    image_size: _Count
    batch_size: _Count
    precision: str
    machine: str
    train_images: _Rate
    predict_images: _Rate
    start: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    @property
    def key(self) -> tuple[object, ...]:
        return self.backbone, self.image_size, self.batch_size, self.precision, self.machine

    @property
    def speed(self) -> Speed:
        return Speed(self.image_size, self.train_images, self.predict_images, self.start)


class _Rows(pydantic.BaseModel):
    speeds: list[_Row]


def known(recipe: Recipe, structure: str = "", side_by_side: int = 1) -> Speeds | None:
    """Return what earlier runs measured here with a recipe's backbone and precision.

    Networks that were handed over have a `structure` besides a name, see `Identity`. Processes
    `side_by_side` have a part of the machine each. A file of another form, such as an older version
    wrote, says nothing.
    """
    here = (_named(recipe, structure), recipe.precision, _machine(side_by_side))
    measured = {
        (row.image_size, row.batch_size): row.speed
        for row in _rows()
        if (row.backbone, row.precision, row.machine) == here
    }
    return Speeds(measured) if measured else None


def keep(
    recipe: Recipe, stage: Stage, speed: Speed, structure: str = "", side_by_side: int = 1
) -> None:
    """Add what was measured of a stage; it replaces what was known of the same."""
    row = _Row(
        backbone=_named(recipe, structure),
        batch_size=stage.batch_size,
        precision=recipe.precision,
        machine=_machine(side_by_side),
        **vars(speed.of(stage)),
    )
    rows = [each for each in _rows() if each.key != row.key]
    filesystem.write_json(filesystem.home() / _FILE, _Rows(speeds=[*rows, row]).model_dump())


def _machine(side_by_side: int) -> str:
    part = f", one of {side_by_side} parts" if side_by_side > 1 else ""
    return environment.machine() + part


def _named(recipe: Recipe, structure: str) -> str:
    return f"{recipe.backbone} {structure}".rstrip()


def _rows() -> list[_Row]:
    try:
        return filesystem.read_json_as(filesystem.home() / _FILE, _Rows).speeds
    except RunError:
        return []
