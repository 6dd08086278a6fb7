"""run_dataflow.sh: its messages, the environment variables that it reads, and the flags that it passes on."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.dataflow.store import BUCKET, FAR_BUCKET
from tests.dataflow.support import PLACE, Store
from tests.support import ROOT

pytestmark = pytest.mark.slow

SCRIPT = ROOT / "run_dataflow.sh"


def script(*flags: str, path: str = "", at: str = str(SCRIPT), **variables: str) -> "subprocess.CompletedProcess[str]":
    names = {"PROJECT", "REGION", "TEMP_LOCATION", "IMAGE", "INPUT", "OUTPUT"}
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    environment = {**inherited, **variables, "PATH": f"{path}{os.environ['PATH']}"}
    return subprocess.run([at, *flags], env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_help_has_every_flag_of_the_script() -> None:
    done = script("--help")
    assert (done.returncode, done.stderr) == (0, "")
    flags = set(
        re.findall(r"^    (?:-\S+ \| )*(--[a-z_]+)(?= \||\))", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {"--project", "--region", "--temp_location", "--image", "--flex_template", "--estimate"} <= flags
    for flag in flags - {"--in_dir", "--out_dir"}:
        assert f"  {flag} " in done.stdout


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ("--region r", "--project is missing: specify it, or set PROJECT"),
        ("--project p", "--region is missing: specify the region of the bucket, such as us-central1, or set REGION"),
        ("--region r --project", "--project needs a value: add one"),
        ("--project --region r", "--project needs a value: add one"),
        ("--flex_template gs://b/t.json", "--flex_template needs --image: add the image, built from the Dockerfile"),
        ("--flex-template=gs://b/t.json", "--flex_template needs --image: add the image, built from the Dockerfile"),
        (
            "--flex_template gs://b/t.json --image i --region r -i gs://b/in --wait",
            "'-i' has no effect with --flex_template, which submits no job: leave it out",
        ),
        ("--flex_template t.json --image i", "--flex_template 't.json' is not a Cloud Storage path: use one such as"),
    ],
)
def test_a_wrong_command_is_refused_with_one_sentence(flags: str, sentence: str) -> None:
    done = script(*flags.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"run_dataflow.sh: {sentence}")
    assert done.stderr.count("\n") == 1


def test_a_template_is_built_by_gcloud(tmp_path: Path) -> None:
    """The script finds the project also through a link, here in a folder whose name has a space."""
    (tmp_path / "gcloud").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "gcloud").chmod(0o755)
    link = tmp_path / "my bin" / "resize"
    link.parent.mkdir()
    link.symlink_to(SCRIPT)
    done = script("--flex_template=gs://b/t.json", "--image", "i", "--project", "p", path=f"{tmp_path}:", at=str(link))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        *("dataflow", "flex-template", "build", "gs://b/t.json", "--image", "i", "--sdk-language", "PYTHON"),
        *("--metadata-file", str(ROOT / "flex_template.json"), "--project", "p"),
    ]


def test_environment_variables_replace_flags_in_a_dry_run(store: Store) -> None:
    """A dry run writes nothing, whether its job is valid or not."""
    before = store.generations("")
    place = {flag.removeprefix("--").upper(): value for flag, value in PLACE.items()}
    place |= {"INPUT": f"gs://{BUCKET}/photos", "OUTPUT": f"gs://{BUCKET}/unmade"}
    dry = ("--dry_run", "True", "-s", "64")
    valid = script(*dry, **place, **store.environment())
    assert valid.returncode == 0, valid.stderr
    assert "the job is valid; it was not submitted" in valid.stderr
    assert "traffic between regions is billed" not in valid.stderr
    refused = script(*dry, **{**place, "REGION": "Nowhere"}, **store.environment())
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert refused.stderr.startswith("image_resizer: --region 'Nowhere' is not a region")
    without_image = script(*dry, "--no_use_public_ips", **place, **store.environment())
    assert "--no_use_public_ips keeps workers from installing packages" in without_image.stderr
    with_image = script(
        *(*dry, "--no_use_public_ips", "-o", f"gs://{FAR_BUCKET}/unmade"),
        **place,
        IMAGE="an-image",
        **store.environment(),
    )
    assert with_image.returncode == 0, with_image.stderr
    warning = (
        f"'gs://{FAR_BUCKET}/unmade' is in europe-west1 but the workers are in us-central1: traffic between regions"
    )
    assert warning in with_image.stderr
    elsewhere = script(*dry, "-o", f"gs://{BUCKET}/photos", **place, **store.environment())
    assert f"-o 'gs://{BUCKET}/photos' contains the input 'gs://{BUCKET}/photos'" in elsewhere.stderr
    assert store.generations("") == before
    assert list(store.bucket.client.bucket(FAR_BUCKET).list_blobs()) == []


@pytest.mark.parametrize("flag", ["--temp_location", "--staging_location"])
def test_a_missing_bucket_for_staged_files_is_refused(store: Store, flag: str) -> None:
    """Beam would try again for minutes, and print a traceback each time."""
    before = store.generations("")
    place = [part for name, value in PLACE.items() if name != flag for part in (name, value)]
    folders = ("-i", f"gs://{BUCKET}/photos", "-o", f"gs://{BUCKET}/unmade")
    done = script(*place, *folders, flag, "gs://no-bucket/tmp", "--image", "i", **store.environment())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "image_resizer: gs://no-bucket does not exist: check the name of the bucket\n"
    assert store.generations("") == before


def test_an_estimate_needs_no_project(store: Store) -> None:
    before = store.generations("")
    done = script("-i", f"gs://{BUCKET}/photos", "-s", "64", "--estimate", "5", **store.environment())
    assert done.returncode == 0, done.stderr
    assert "5 of 240 images" in done.stdout
    assert store.generations("") == before
