import json
import zipfile

import pytest

from kaggle_prz.commands.kernel import bundle
from kaggle_prz.core.errors import SecretFoundError

KEY = "0123456789abcdef" * 2


def test_an_ordinary_directory_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLE_KEY", KEY)
    monkeypatch.setenv("KAGGLE_USERNAME", "me")
    (tmp_path / "kernel.json").write_text('{"kernel": "me/prz-train-x", "sha256": "' + "0" * 64)
    bundle.refuse_secrets(tmp_path)


@pytest.mark.parametrize("name", ["kaggle.json", "access_token", ".netrc", "id_rsa"])
def test_files_that_are_credentials_by_their_name(tmp_path, name):
    (tmp_path / name).write_text("{}")
    with pytest.raises(SecretFoundError, match=f"{name} is refused: its name is"):
        bundle.refuse_secrets(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"username": "me", "key": KEY}),
        "token = KGAT_0123456789abcdef0123456789abcdef",
        "-----BEGIN RSA PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_credential(tmp_path, content):
    (tmp_path / "notes.txt").write_text(content)
    with pytest.raises(
        SecretFoundError, match=r"notes\.txt is refused: .* looks like a credential"
    ) as told:
        bundle.refuse_secrets(tmp_path)
    assert "0123456789" not in str(told.value)


@pytest.mark.parametrize("where", ["variable", "file", "token", "config"])
def test_a_credential_of_this_machine_is_found_even_within_a_wheel(tmp_path, monkeypatch, where):
    from pathlib import Path

    secret = "s3cret-of-no-form-at-all"
    kept = Path.home() / ".kaggle"
    kept.mkdir()
    if where == "variable":
        monkeypatch.setenv("KAGGLE_KEY", secret)
    elif where == "file":
        (kept / "kaggle.json").write_text(json.dumps({"username": "me", "key": secret}))
    elif where == "token":
        (kept / "access_token").write_text(secret + "\n")
    else:
        monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "config"))
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "kaggle.json").write_text(json.dumps({"key": secret}))
    (tmp_path / "bundle").mkdir()
    with zipfile.ZipFile(tmp_path / "bundle" / "a-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("a/settings.py", f"PASSWORD = {secret!r}", zipfile.ZIP_DEFLATED)
    with pytest.raises(SecretFoundError, match=r"a/settings\.py is refused.* of this machine"):
        bundle.refuse_secrets(tmp_path / "bundle")
