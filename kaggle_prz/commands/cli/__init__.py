"""The command `kaggle-prz`: options in, one clear line out when something is wrong.

Commands import their work when they run, so that `--help` answers at once. They use `print`:
`click.echo` would write UTF-8 to an ASCII stream.
"""

import atexit
import gc
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kaggle_prz.commands.cli import options
from kaggle_prz.commands.cli.kernel import kernel
from kaggle_prz.commands.cli.output import console, print_json
from kaggle_prz.core.installed_packages import own_version
from kaggle_prz.core.process import interrupts, signs
from kaggle_prz.core.process.leaving import exit_with_a_sentence
from kaggle_prz.core.process.scrubbing import scrubbed

if TYPE_CHECKING:
    from kaggle_prz.commands.kernel.job import Machine


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(own_version(), "-V", "--version", prog_name="kaggle-prz")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Train on an image competition by progressive resizing, and submit the result.

    \b
      kaggle-prz fit --competition elpv --time-limit 10m --submit
      kaggle-prz inspect --competition elpv
      kaggle-prz leaderboard --competition elpv
    """
    context.obj = debug


@cli.command(cls=options.ByQuestion)
@options.competition
@options.recipe
@options.overrides
@options.place
@options.image_cache
@options.workers
@click.option("--submit", is_flag=True, help="Send the submission to the leaderboard.")
@click.option("-m", "--message", default="", help="Description of the submission.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
def fit(competition: str, quiet: bool, **given: Any) -> None:
    """Train on a competition and write a submission and a report.

    Every stage is trained on every fold. Run the same command again to continue after the last
    finished fold.
    """
    from kaggle_prz.core.clock import Budget

    budget = Budget(given.get("time_limit"))
    options.refuse_missing_weights(given)
    from kaggle_prz.commands import fit as fitting

    fitting.fit(competition, console=console(quiet), budget=budget, **given)


@cli.command(cls=options.ByQuestion)
@options.competition
@options.recipe
@options.overrides
@options.output_dir
@click.option("--attempts", "count", type=int, default=3, show_default=True, help="Number of runs.")
@click.option("--in-kernels", is_flag=True, help="Train in Kaggle kernels instead of here.")
@options.machine
@click.option("--dry-run", is_flag=True, help="Show the runs without training them.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
def auto(competition: str, quiet: bool, in_kernels: bool, machine: "Machine", **given: Any) -> None:
    """Train several runs in turn, and submit the better ones.

    A run is submitted if its out-of-fold score is better than that of every run submitted so far.
    The first run uses the recipe as given, the second larger images, and the others other seeds.
    Run the same command again to continue, for example on the next day.
    """
    from functools import partial

    from kaggle_prz.commands import auto as unattended
    from kaggle_prz.commands.kernel import fitting

    fit = partial(fitting.fit, machine=machine) if in_kernels else None
    unattended.auto(competition, fit=fit, console=console(quiet), **given)


@cli.command(cls=options.ByQuestion)
@options.competition
@options.overrides
@options.look
@options.as_json
def inspect(competition: str, report: Path | None, as_json: bool, **given: Any) -> None:
    """Show how a competition's files are read, and by which rule.

    Nothing is trained.
    """
    from kaggle_prz import report as reports
    from kaggle_prz.commands import inspect as inspecting

    if report is not None:
        reports.require()
    shown = console(as_json)
    found = inspecting.look(competition, console=shown, **given)
    if as_json:
        print_json(inspecting.facts(found))
    else:
        inspecting.show(found, shown)
    if report is not None:
        shown.say(f"Report: {inspecting.write(found, report)}")


@cli.command(cls=options.ByQuestion)
@options.competition
@options.recipe
@options.overrides
@click.option("--calibrate", is_flag=True, help="Time a few steps at every size first.")
@options.as_json
def plan(competition: str, as_json: bool, **given: Any) -> None:
    """Show the stages that fit would train, and their cost.

    Nothing is trained. Times come from earlier runs on this machine, or from --calibrate.
    """
    from kaggle_prz.commands import plan as planning

    foreseen = planning.foresee(competition, console=console(as_json), **given)
    if as_json:
        timed = zip(foreseen.stages, foreseen.seconds, strict=True)
        print_json([stage.model_dump() | {"predicted_seconds": took} for stage, took in timed])


@cli.command()
@options.run
@click.option("-m", "--message", default="", help="Description of the submission.")
@click.option("--again", is_flag=True, help="Send the same file again.")
@options.as_json
def submit(run: Path, message: str, again: bool, as_json: bool) -> None:
    """Send a run's submission to the leaderboard, once."""
    from kaggle_prz import runs
    from kaggle_prz.commands import submit as submitting

    receipt = submitting.submit(
        runs.load_run(run), message=message, again=again, console=console(as_json)
    )
    if as_json:
        print_json(receipt.to_json())


@cli.command()
@options.run
@click.option(
    "-c",
    "--competition",
    metavar="NAME|DIR",
    help="Competition whose test images are predicted. Default: that of the run.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("submission.csv"),
    show_default=True,
    help="File to write the submission to.",
)
@click.option(
    "--backbone",
    metavar="FILE.py:FUNCTION|MODULE:FUNCTION|FILE.keras",
    help="Network of the run, if it was passed in Python, or if its file has moved.",
)
def predict(run: Path, competition: str | None, output: Path, backbone: str | None) -> None:
    """Predict the test images of a competition with a finished run.

    Nothing is trained.
    """
    from kaggle_prz.commands import predict as predicting

    predicting.predict(
        run, competition=competition, output=output, backbone=backbone, console=console()
    )


@cli.command()
@options.competition
@click.option("--private", is_flag=True, help="Show the private leaderboard.")
@options.as_json
def leaderboard(competition: str, private: bool, as_json: bool) -> None:
    """Show a competition's leaderboard."""
    from kaggle_prz import competitions
    from kaggle_prz.report import terminal

    source = competitions.find(competition)
    standings = source.leaderboard.standings(private)
    if as_json:
        print_json([vars(standing) for standing in standings])
    else:
        terminal.show_standings(source.slug, standings, console())


@cli.command()
@options.output_dir
@options.as_json
def doctor(output_dir: Path, as_json: bool) -> None:
    """Check versions, devices, disk space and Kaggle login.

    The exit status is 1 if there is a problem.
    """
    from kaggle_prz.commands import doctor as doctors

    findings = doctors.examine(output_dir)
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        doctors.show(findings, console())
    if any(finding.state == "fault" for finding in findings):
        sys.exit(1)


@cli.command()
@options.run
def report(run: Path) -> None:
    """Write the report of a run as one HTML file."""
    from kaggle_prz import report as reports
    from kaggle_prz import runs

    print(reports.write(runs.load_run(run)))


@cli.command()
@options.output_dir
@options.as_json
def runs(output_dir: Path, as_json: bool) -> None:
    """List the runs in a directory, with progress and score."""
    from kaggle_prz.report import terminal

    rows = terminal.run_facts(output_dir)
    if as_json:
        print_json(rows)
    elif rows:
        terminal.show_runs(rows, console())
    else:
        print(f"No runs below {output_dir}.")


@cli.command()
@click.argument("word", default="")
@options.as_json
def backbones(word: str, as_json: bool) -> None:
    """List the backbones, and where their pretrained weights come from.

    WORD: show only names that contain it.
    """
    from kaggle_prz.models.backbones import listing

    found = listing.entries(word)
    if as_json:
        print_json([vars(entry) for entry in found])
    elif found:
        listing.show(found, console())
    else:
        print(f"No backbone is called like {word!r}.")


cli.add_command(kernel)


def _run(arguments: list[str]) -> None:
    run: Callable[..., object] = cli.main
    try:
        run(arguments, prog_name="kaggle-prz", standalone_mode=False)
    except click.exceptions.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        told = io.StringIO()
        error.show(told)
        print(scrubbed(told.getvalue()), file=sys.stderr, end="")
        sys.exit(error.exit_code)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0, 2 for wrong usage, 1 with one message, 130 on Ctrl-C."""
    arguments = sys.argv[1:] if arguments is None else arguments
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    signs.allow()
    interrupts.listen()
    atexit.register(gc.freeze)  # else networks are taken apart, for up to half a minute
    exit_with_a_sentence(lambda: _run(arguments), debug="--debug" in arguments)
