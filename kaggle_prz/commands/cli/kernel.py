"""The commands `kaggle-prz kernel build|push|status|pull`."""

from pathlib import Path
from typing import Any

import click

from kaggle_prz.commands.cli import options
from kaggle_prz.commands.cli.output import console, print_json


@click.group()
def kernel() -> None:
    """Train or predict in Kaggle kernels, without internet."""


@kernel.command("build")
@click.argument("what", metavar="RUN|COMPETITION")
@options.kernel
@options.recipe
@options.overrides
def kernel_build(what: str, **given: Any) -> None:
    """Build a kernel and its offline bundle.

    RUN: the directory of a finished run, to predict with it. COMPETITION: a name at Kaggle, to
    train on it. The bundle holds the files that the kernel needs, since it has no internet.
    """
    from kaggle_prz.commands import kernel as kernels

    own = {key: given.pop(key) for key in options.KERNEL}
    kernels.build(what, options=given, console=console(), **own)


@kernel.command("push")
@click.argument("what", metavar="RUN|DIR", type=click.Path(path_type=Path))
@click.option("--submit", is_flag=True, help="Submit the kernel's output and wait for the score.")
@click.option("--again", is_flag=True, help="Submit the same bundle again.")
@click.option(
    "--until-done", is_flag=True, help="Repeat for new sessions until the run is complete."
)
@click.option("--no-wait", is_flag=True, help="Return as soon as the kernel is pushed.")
@click.option("--timeout", type=options.time, default="13h", help="Longest wait for one session.")
@click.option("-m", "--message", default="", help="Description of the submission.")
def kernel_push(what: Path, no_wait: bool, **given: Any) -> None:
    """Push a kernel and wait until it ends.

    DIR: the output directory of kernel build. RUN: a finished run's directory; its predicting
    kernel is built first.
    """
    from kaggle_prz.commands.kernel import pushing

    pushing.push(what, wait=not no_wait, console=console(), **given)


@kernel.command("status")
@click.argument("kernel_ref", metavar="OWNER/SLUG")
@options.as_json
def kernel_status(kernel_ref: str, as_json: bool) -> None:
    """Show the status of a kernel's last session."""
    from kaggle_prz.commands.kernel import remote
    from kaggle_prz.competitions.kaggle import Door

    session = remote.status(Door(), remote.check_ref(kernel_ref))
    if as_json:
        print_json(vars(session))
    else:
        print(f"{session.status.lower()}{session.failure and ': '}{session.failure}")


@kernel.command("pull")
@click.argument("kernel_ref", metavar="OWNER/SLUG")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default=True,
    help="Directory to write to.",
)
def kernel_pull(kernel_ref: str, output: Path) -> None:
    """Download the output of a kernel's last session.

    If it contains a run, you can continue or submit it.
    """
    from kaggle_prz.commands.kernel import remote
    from kaggle_prz.competitions.kaggle import Door

    files = remote.pull(Door(), remote.check_ref(kernel_ref), output, console())
    print(f"{len(files)} files in {output}")
