"""Networks rebuilt from a run's files: of every kind of task, with every weight of a fold."""

import numpy as np
import pytest
from support.toy_nets import equal, pictures
from support.toys import make_heads, make_stage, make_task

from kaggle_prz.core import filesystem
from kaggle_prz.models.backbones import resolve
from kaggle_prz.models.classifier import build_model
from kaggle_prz.models.transfer import named_weights
from kaggle_prz.runs.run import WEIGHTS, Run
from kaggle_prz.schedule.recipe import Recipe
from kaggle_prz.training.restore import Restored

pytestmark = pytest.mark.keras

STAGE = make_stage(1, 16)


def test_the_classes_of_every_head_sum_to_one(tmp_path):
    run = Run(tmp_path, Recipe(backbone="tiny"), make_heads([[0, 1], [1, 2]] * 3))
    model = Restored(run, resolve("tiny"), STAGE).classifier.model
    made = model.predict(pictures(3)[0], verbose=0)
    np.testing.assert_allclose(np.add.reduceat(made, [0, 2], axis=1), 1, atol=1e-6)


def test_every_weight_is_the_fold_s(tmp_path):
    run = Run(tmp_path, Recipe(backbone="tiny", folds=2), make_task([0, 1, 2] * 4))
    filesystem.write_json(
        tmp_path / "plan.json", {"stages": [{"name": STAGE.name, **STAGE.model_dump()}]}
    )
    trained = [build_model("tiny", image_size=16, classes=3, seed=seed) for seed in (5, 6)]
    for fold, model in enumerate(trained):
        run.directory(STAGE, fold).mkdir(parents=True)
        model.save_weights(run.directory(STAGE, fold) / WEIGHTS)
    network = Restored(run, resolve("tiny"), STAGE)
    for fold in (1, 0, 1):
        network.set_fold(fold)
        here, there = (
            {name: np.asarray(weight) for name, weight in named_weights(model).items()}
            for model in (network.classifier.model, trained[fold])
        )
        assert here.keys() == there.keys()
        assert equal([*here.values()], [*there.values()])
