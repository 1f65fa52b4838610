"""Keras's own client fetches from a host on the loopback: whole files, or one sentence."""

import hashlib
import os
import subprocess
import sys
import textwrap

import pytest
from support.weights_server import FAULTS, serving

from kaggle_prz.models.backbones import Backbone
from kaggle_prz.models.backbones.weights_sources import WeightsError, check, file_of, keras_download
from kaggle_prz.models.backbones.weights_sources.keras_download import KerasDownload

pytestmark = pytest.mark.keras

NAME = "net_notop.h5"
CONTENT = b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 4000
MD5, SHA = hashlib.md5(CONTENT).hexdigest(), hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def host():
    with serving({NAME: CONTENT}) as found:
        yield found


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(keras_download, "_SECONDS", 0.5)
    monkeypatch.setattr(keras_download, "_SECONDS_TO_CHECK", 0.5)
    return tmp_path / "keras" / "models"


def left_in(cache):
    return sorted(file.name for file in cache.rglob("*") if not file.name.endswith(".lock"))


@pytest.mark.parametrize("digest", [MD5, SHA, ""], ids=["md5", "sha256", "no digest"])
def test_a_file_is_fetched_once_into_keras_s_cache(host, cache, digest, capsys):
    source = KerasDownload(NAME, host.url(NAME), digest)
    assert source.find() is None
    source.check()
    assert not host.asked
    assert source.fetch() == source.fetch() == source.find() == cache / NAME
    assert (cache / NAME).read_bytes() == CONTENT
    assert host.asked == [NAME]
    assert left_in(cache) == [NAME]
    assert capsys.readouterr().out == ""


def test_a_damaged_file_in_the_cache_is_fetched_again(host, cache):
    source = KerasDownload(NAME, host.url(NAME), SHA)
    cache.mkdir(parents=True)
    (cache / NAME).write_bytes(CONTENT[:-1])
    assert source.find() is None
    assert source.fetch().read_bytes() == CONTENT


@pytest.mark.parametrize("digest", [SHA, ""], ids=["digest", "no digest"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence_and_leaves_nothing(host, cache, fault, digest):
    host.fault = fault
    source = KerasDownload(NAME, host.url(NAME), digest)
    with pytest.raises(WeightsError, match=rf"^{NAME} cannot be downloaded from 127\.0\.0\.1"):
        source.fetch()
    assert left_in(cache) == []
    host.fault = ""
    assert source.fetch().read_bytes() == CONTENT


@pytest.mark.parametrize("fault", ["404", "403", "500", "silent", "loop"])
def test_what_cannot_be_fetched_is_refused_by_its_first_byte(host, fault):
    host.fault = fault
    backbone = Backbone("net", lambda size: None, sources=(KerasDownload(NAME, host.url(NAME)),))
    with pytest.raises(WeightsError, match=r"^net has no pretrained weights.*--weights none"):
        check(backbone, "auto")
    assert not host.asked


def test_a_host_without_a_name_is_refused():
    source = KerasDownload(NAME, "http://weights.invalid/x")
    with pytest.raises(WeightsError, match=r"from weights\.invalid"):
        source.check()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_cache_that_is_read_only_is_named(host, cache):
    cache.mkdir(parents=True)
    cache.chmod(0o500)
    with pytest.raises(WeightsError, match="set KERAS_HOME to another directory"):
        KerasDownload(NAME, host.url(NAME)).fetch()


def test_a_cache_that_is_a_file_is_named(host, cache):
    cache.parent.mkdir(parents=True)
    cache.write_text("")
    with pytest.raises(WeightsError, match="set KERAS_HOME to another directory"):
        KerasDownload(NAME, host.url(NAME)).fetch()


@pytest.mark.full
def test_two_processes_fetch_it_once(host, cache):
    code = f"""
        from kaggle_prz.models.backbones.weights_sources.keras_download import KerasDownload
        print(KerasDownload({NAME!r}, {host.url(NAME)!r}, {SHA!r}).fetch())
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert {process.communicate()[0].strip() for process in both} == {str(cache / NAME)}
    assert host.asked == [NAME]


def test_what_is_here_asks_no_network(host, cache):
    source = KerasDownload(NAME, host.url(NAME), SHA)
    backbone = Backbone("net", lambda size: None, sources=(source,))
    path = source.fetch()
    host.asked.clear()
    host.fault = "500"
    check(backbone, "auto")
    assert file_of(backbone, "imagenet") == path
    assert not host.asked
