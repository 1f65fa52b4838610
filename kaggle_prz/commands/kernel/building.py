"""A run or a competition -> the folder of a kernel and its offline bundle."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kaggle_prz import runs
from kaggle_prz.commands import settle
from kaggle_prz.commands.kernel import bundle, job, wheels
from kaggle_prz.commands.kernel.bundle import Bundle, Entry
from kaggle_prz.commands.kernel.job import Job, Machine, Mode
from kaggle_prz.competitions.folder import slugify
from kaggle_prz.competitions.kaggle import credentials, metadata, slugs
from kaggle_prz.core import filesystem
from kaggle_prz.core.console import Console, Silent
from kaggle_prz.core.errors import RunError, UsageError
from kaggle_prz.models import backbones
from kaggle_prz.models.backbones import weights_sources
from kaggle_prz.models.backbones.weights_sources.hub_preset import HubPreset
from kaggle_prz.runs.run import Run
from kaggle_prz.schedule import presets
from kaggle_prz.schedule.choice import AUTO
from kaggle_prz.schedule.recipe import BY_FAMILY, Recipe
from kaggle_prz.tasks.infer import scoring
from kaggle_prz.tasks.overrides import Overrides

_FACTS = ("plan.json", "blend.json", "task.npz")
_AT_KAGGLE = "/kaggle/input"


@dataclass(frozen=True)
class Built:
    """What was built."""

    kernel: Path  # folder with the script and `kernel-metadata.json`
    bundle: Path  # folder to be uploaded as a private dataset
    files: tuple[Entry, ...]  # its manifest, the largest first

    @property
    def bytes(self) -> int:
        """Size of the bundle."""
        return sum(entry.bytes for entry in self.files)


def build(
    what: str | Path,
    *,
    output: str | Path,
    mode: Mode | None = None,
    machine: Machine = "t4x2",
    owner: str | None = None,
    competition: str | None = None,
    session: float | None = None,
    resume: bool = False,
    options: Mapping[str, object] | None = None,
    console: Console | None = None,
) -> Built:
    """Build a kernel and its bundle: `<output>/kernel` and `<output>/bundle`.

    `what` is a run's directory, or a competition's name at Kaggle. By default the kernel predicts
    with a run that has a blend, else it trains, with `options` of `prz.fit`, and pauses half an
    hour before Kaggle ends the session.
    """
    run = runs.load_run(what) if (Path(what) / "recipe.json").is_file() else None
    mode = mode or ("predict" if run and (run.path / "blend.json").is_file() else "train")
    if mode == "predict" and run is None:
        raise UsageError(
            "A kernel that predicts is built from the directory of a finished run; received "
            f"{what!s}."
        )
    slug = job.check_slug(competition or (run.task.slug if run else _slug(str(what))))
    owner = job.check_owner(owner or os.environ.get("KAGGLE_USERNAME") or _signed_in())
    recipe, given = run.recipe if run else Recipe(), dict[str, object]()
    session = session or (job.TPU_SESSION if machine == "tpu" else job.SESSION)
    if mode == "train":
        recipe, given = _options(run, options or {}, slug, console or Silent())
        _refuse_longer(recipe.time_limit, session)
    network = _network(run, recipe, mode)
    if mode == "train" and not any(source.kaggle_model for source in network.sources):
        weights_sources.file_of(network, recipe.weights)  # before anything is written
    pretrained = mode == "train" and recipe.weights in {"auto", "imagenet"}
    needed = wheels.requirements(network, pretrained=pretrained)
    files = Bundle(Path(output) / "bundle")
    wheels.collect(needed, files.directory)
    own = _own_network(files, network, mode)
    models: tuple[str, ...] = ()
    if mode == "train":
        weights, models = _starting_weights(files, recipe, network)
        own |= weights
    elif run is not None:
        _add_run(files, run, slug, own)
    todo = Job(
        mode=mode,
        competition=slug,
        requirements=tuple(needed),
        kernel=f"{owner}/{job.kernel_slug(mode, slug)}",
        run=run.name if run else None,
        models=models,
        options=given | own,
        session=session,
    )
    files.add_json(bundle.JOB, todo.model_dump(mode="json"))
    built = Built(Path(output) / "kernel", files.directory, files.seal())
    filesystem.write_json(built.bundle / job.DATASET, job.dataset_metadata(todo))
    _write_kernel(built.kernel, todo, machine, resume)
    for each in (built.bundle, built.kernel):
        bundle.refuse_secrets(each)
    _show(built, todo, console or Silent())
    return built


def _write_kernel(folder: Path, todo: Job, machine: Machine, resume: bool) -> None:
    script = wheels.scripts() / todo.mode
    filesystem.make_empty(folder)
    shutil.copyfile(script / f"{todo.mode}.py", folder / f"{todo.mode}.py")
    template = filesystem.read_json(script / job.KERNEL)
    filesystem.write_json(
        folder / job.KERNEL, job.kernel_metadata(template, todo, machine, resume=resume)
    )


def _show(built: Built, todo: Job, console: Console) -> None:
    rows = [(entry.path, f"{entry.bytes / 1e6:.2f}") for entry in built.files]
    console.table(f"bundle of {todo.kernel}", ("file", "MB"), rows)
    console.say(
        f"{len(rows)} files, {built.bytes / 1e6:.1f} MB: {built.bundle}. Kernel: {built.kernel}"
    )


def _signed_in() -> str:
    found = credentials()
    return found.user if found else ""


def _slug(competition: str) -> str:
    if Path(competition).is_dir():
        return slugify(Path(competition).name)
    return slugs.from_address(competition) or competition


def _options(
    run: Run | None, options: Mapping[str, object], slug: str, console: Console
) -> tuple[Recipe, dict[str, object]]:
    """Return the recipe, and what `prz.fit` is given there: of a run, what it was given here.

    A mounted competition does not say its metric; where Kaggle was asked before, it comes along.
    """
    overrides, named = Overrides.split(options)
    given = presets.flat(named)
    if run is None:
        known = metadata.kept(slug)
        metric = scoring.said(None, known.metric).metric if known else None
        said = {} if metric is None else {"metric": metric.name}
        recipe = _with_a_name(presets.parse(named), console)
        wanted = recipe.model_dump(mode="json", include=set(given) & recipe.model_fields_set)
        return recipe, wanted | said | overrides.given
    defaults = Recipe().model_dump(mode="json")
    recipe = _with_a_name(presets.parse(named, defaults=run.recipe.model_dump()), console)
    wanted = recipe.model_dump(mode="json")
    changed = {
        key: value for key, value in wanted.items() if value != defaults[key] or key in BY_FAMILY
    }
    return recipe, changed | run.overrides.given | {"metric": run.task.metric} | overrides.given


def _with_a_name(recipe: Recipe, console: Console) -> Recipe:
    """Return a recipe that names a backbone: of the candidates, one has weights in a package.

    A kernel without internet has only what its bundle brings.
    """
    if recipe.backbone != AUTO:
        return recipe
    name = Recipe().backbone
    console.say(
        f"In a kernel, the backbone auto is {name}, whose weights the bundle brings. For another "
        "one, use --backbone NAME."
    )
    return recipe.model_copy(update={"backbone": name})


def _network(run: Run | None, recipe: Recipe, mode: Mode) -> backbones.Backbone:
    same = run is not None and recipe.backbone == run.recipe.backbone
    if run and same and run.record.backbone_identity:
        if not run.record.backbone_directory:
            raise UsageError(
                f"A kernel takes backbones by name or from a file, and {run.path} was trained on "
                "a network that was passed as an object. Train with the text of the network, such "
                "as --backbone net.py:function, or register it as a plugin, see docs/backbones.md."
            )
        if mode == "predict":
            return settle.network_of(run)
    directory = run.record.backbone_directory if run and same else ""
    place = Path(directory) if directory else run.path if run and same else None
    network = backbones.resolve(recipe.backbone, place)
    network.check_sizes(recipe.sizes)
    network.check_package()
    return settle.identified(network, recipe)


def _own_network(files: Bundle, network: backbones.Backbone, mode: Mode) -> dict[str, str]:
    """Add what builds a network that a kernel cannot know; return what names it there."""
    if network.origin is not None:
        from kaggle_prz.models.backbones.own import carried

        file = carried.file_of(network.origin)
        place = f"{bundle.BACKBONE}/{file.name}"
        files.add(place, file)
        attribute = network.origin.attribute
        return {"backbone": f"{place}:{attribute}" if attribute else place}
    for preset in network.sources:
        if isinstance(preset, HubPreset):
            # A kernel that trains has them beside the weights.
            for path, source in preset.settings().items() if mode == "predict" else ():
                files.add(f"{bundle.WEIGHTS}/{path}", source)
            return {} if preset.kaggle_model else {"backbone": f"hub:{preset.name}"}
    return {}


def _refuse_longer(time_limit: float | None, session: float) -> None:
    if time_limit is not None and time_limit > session:
        raise UsageError(
            f"A time limit must be shorter than a session of {session / 3600:g} h; received "
            f"{time_limit / 3600:g} h. Use --epochs instead: without a time limit, training "
            "pauses at the end of a session, and the next version of the kernel continues."
        )


def _add_run(files: Bundle, run: Run, slug: str, own: Mapping[str, str]) -> None:
    """Add what a prediction needs of a run, without a path of this machine."""
    within = f"runs/{run.name}"
    there = run.record.model_copy(update={"competition": slug})
    if own:  # the file itself comes along, so nothing has to be recognised
        there = there.model_copy(
            update={
                "recipe": {**there.recipe, **own},
                "backbone_identity": "",
                "backbone_directory": "",
            }
        )
    files.add_json(f"{within}/recipe.json", there.to_json())
    task = filesystem.read_json(run.path / "task.json")
    sample = f"{_AT_KAGGLE}/{run.task.sample.name}"
    files.add_json(f"{within}/task.json", task | {"root": _AT_KAGGLE, "sample": sample})
    stages = {stage.name: stage for stage in run.stages}
    weights = [
        run.weights(stages[member.stage], member.fold).relative_to(run.path).as_posix()
        for member in run.blend.members
    ]
    for name in dict.fromkeys((*_FACTS, *weights)):
        if not (run.path / name).is_file():
            raise RunError(
                f"{run.path / name} is missing, and predictions need it. Run the fit command again."
            )
        files.add(f"{within}/{name}", run.path / name)


def _starting_weights(
    files: Bundle, recipe: Recipe, network: backbones.Backbone
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Add the weights that training starts from; return options, and the models to be attached.

    A kernel has no internet. What a package brings is among the wheels; what Kaggle Models has is
    attached, and nothing of it is uploaded.
    """
    if recipe.weights not in {"auto", "imagenet"}:
        file = weights_sources.file_of(network, recipe.weights)
        if file is None:
            return {}, ()
        files.add(f"{bundle.WEIGHTS}/{file.name}", file)
        return {"weights": f"{bundle.WEIGHTS}/{file.name}"}, ()
    models = [source.kaggle_model for source in network.sources if source.kaggle_model]
    if models:
        return {}, tuple(models[:1])
    weights_sources.file_of(network, recipe.weights)
    for path, source in weights_sources.carried(network).items():
        files.add(f"{bundle.WEIGHTS}/{path}", source)
    return {}, ()
