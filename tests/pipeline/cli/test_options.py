"""The options that a command line sets, and the command lines that are refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli.options import EstimateRequest, parse
from pipeline.cli.values import Limit
from pipeline.errors import UsageError
from tests.support import ROOT, jpeg, write_tree
from transforms.imaging.spec import ResizeSpec
from transforms.model.config import CardText, ResizeConfig, Split


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "train", {"a.jpg": jpeg(1, (9, 9))})


def test_defaults_are_those_of_the_settings(source: Path) -> None:
    options = parse(["-i", str(source), "-o", "out"])
    assert options.config == ResizeConfig(
        splits=(Split("train", f"{source}/**", str(source)),),
        out_dir=os.path.realpath("out"),
        spec=ResizeSpec(),
        layout="files",
        images_per_shard=100,
        processes=os.cpu_count() or 1,
        memory=None,
        card=CardText("train"),
    )
    assert options.estimate is None
    assert (options.overwrite, options.max_failures, options.log, options.log_level) == (False, None, None, "info")
    assert (options.log_every, options.report_every, options.runner, options.beam_args) == (1000, None, None, ())
    assert options.quiet is False


EVERY_FLAG = (
    "--in_dir {source} --out_dir gs://b/out/ --size 256 512 --extension .JPG --algorithm BOX --threads 3 "
    "--log x.log --log_every 7 --layout webdataset --images_per_shard 50 --split val --reducing_gap 2 "
    "--only_shrink --keep_small --quality 91 --fit pad --pad_color RED --orientation exif --min_side 20 "
    "--max_aspect 3.5 "
    "--sample 0.25 --mode L --background gray --color srgb --depth_range auto --truncated accept --check_jpeg "
    "--max_pixels 1000 --subsampling 4:4:4 --progressive --memory 1.5G --max_failures 2.5% "
    "--overwrite --label_from folder --columns c.csv --attribution gs://b/a.csv --name Cats --license cc-by-4.0 "
    "--citation cite.bib --quiet "
    "--estimate 77 --prices prices.json --log_level debug --runner FlinkRunner --flink_master=local --labels x=y"
)


def test_every_flag_is_used(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_tree(tmp_path, {"prices.json": b'{"vcpu_hour": 7}', "cite.bib": b"@misc{x}\n"}))
    options = parse(EVERY_FLAG.format(source=source).split())
    assert options.config == ResizeConfig(
        splits=(Split("val", f"{source}/**", str(source)),),
        out_dir="gs://b/out",
        spec=ResizeSpec(
            sizes=(512, 256),
            orientation="exif",
            fit="pad",
            pad_color="#ff0000",
            mode="L",
            background="#808080",
            color="srgb",
            depth_range="auto",
            truncated="accept",
            check_jpeg=True,
            max_pixels=1000,
            extension="jpg",
            algorithm="box",
            reducing_gap=2.0,
            only_shrink=True,
            keep_small=True,
            quality=91,
            subsampling="4:4:4",
            progressive=True,
            min_side=20,
            max_aspect=3.5,
        ),
        layout="webdataset",
        images_per_shard=50,
        processes=3,
        memory=3 << 29,
        sample="1/4",
        process_per_core=True,
        label_from="folder",
        columns=str(tmp_path / "c.csv"),
        attribution="gs://b/a.csv",
        card=CardText("Cats", "cc-by-4.0", "@misc{x}"),
    )
    assert options.estimate == EstimateRequest(77, "prices.json", 50, workers=None)
    assert (options.overwrite, options.max_failures) == (True, Limit(2.5, percent=True))
    assert (options.log, options.log_level, options.log_every) == (os.path.realpath("x.log"), "debug", 7)
    assert options.quiet is True
    assert (options.runner, options.beam_args) == ("FlinkRunner", ("--flink_master=local", "--labels", "x=y"))


def test_a_job_on_dataflow_over_a_whole_bucket() -> None:
    line = (
        "--in_dir gs://b/train --out_dir gs://mine/x --size 512,256 --list_prefixes hex --runner DataflowRunner --wait"
    )
    options = parse(line.split())
    assert options.config == ResizeConfig(
        splits=(Split("train", "gs://b/train/**", "gs://b/train"),),
        out_dir="gs://mine/x",
        spec=ResizeSpec(sizes=(512, 256)),
        layout="files",
        images_per_shard=4000,
        processes=1,
        list_prefixes="0123456789abcdef",
        process_per_core=True,
        card=CardText("train"),
    )
    assert (options.wait, options.on_dataflow, options.dry_run) == (True, True, False)
    assert parse([*line.split(), "--dry_run", "True"]).dry_run
    assert parse([*line.split(), "--list_prefixes", "xyz"]).config.list_prefixes == "xyz"


def test_an_estimate_needs_no_out(source: Path) -> None:
    options = parse(["-i", str(source), "--estimate"])
    assert options.estimate == EstimateRequest(200, None, 4000, workers=None)
    assert options.config.out_dir == os.devnull
    with_out = parse(["-i", str(source), "-o", "out", "--estimate", "--max_num_workers=5"])
    assert with_out.estimate is not None
    assert (with_out.config.out_dir, with_out.estimate.workers) == (os.path.realpath("out"), 5)
    with pytest.raises(UsageError, match=r"^-o is missing: add the folder or object store path to write the dataset"):
        parse(["-i", str(source)])


def test_defaults_that_depend_on_layout_and_runner(source: Path) -> None:
    assert parse(["-i", str(source), "-o", "out", "--layout", "webdataset"]).config.images_per_shard == 1000
    assert parse(["-i", str(source), "-o", "out", "--runner", "FlinkRunner"]).config.processes == 1
    for runner in ("DirectRunner", "directrunner", "direct", "FnApiRunner"):
        assert parse(["-i", str(source), "-o", "out", "--runner", runner]).runner is None
    for runner in ("DataflowRunner", "dataflow"):
        assert parse(["-i", str(source), "-o", "out", "--runner", runner]).on_dataflow


@pytest.mark.parametrize(
    ("typed", "name", "pattern", "root"),
    [
        ("gs://b/x/train/", "train", "gs://b/x/train/**", "gs://b/x/train"),
        ("gs://b/x/Val", "Val", "gs://b/x/Val/**", "gs://b/x/Val"),
        ("gs://b", "train", "gs://b/**", "gs://b"),
        ("gs://b/train/00*.jpg", "train", "gs://b/train/00*.jpg", "gs://b/train"),
        ("gs://b/tr*/a.jpg", "train", "gs://b/tr*/a.jpg", "gs://b"),
    ],
)
def test_splits_of_a_store(typed: str, name: str, pattern: str, root: str) -> None:
    assert parse(["-i", typed, "-o", "out"]).config.splits == (Split(name, pattern, root),)


@pytest.mark.parametrize(
    ("folders", "flags", "splits", "name"),
    [
        (["1024"], [], ["train"], "1024"),
        (["my photos"], [], ["train"], "my_photos"),
        (["train"], [], ["train"], "train"),
        (["val"], [], ["val"], "val"),
        (["validation"], [], ["validation"], "validation"),
        (["dev"], [], ["dev"], "dev"),
        (["TEST"], [], ["TEST"], "TEST"),
        (["testing"], [], ["train"], "testing"),
        (["1024"], ["--split", "photos"], ["photos"], "1024"),
        (["val"], ["--split", "train"], ["train"], "val"),
        (["a", "1024"], [], ["a", "1024"], "a, 1024"),
        (["a", "b"], ["--split", "train", "test"], ["train", "test"], "train, test"),
        (["a"], ["--name", "Cats"], ["train"], "Cats"),
    ],
)
def test_the_names_of_splits_and_of_the_dataset(
    tmp_path: Path, folders: list[str], flags: list[str], splits: list[str], name: str
) -> None:
    inputs = [str(write_tree(tmp_path / folder, {"a.jpg": b""})) for folder in folders]
    config = parse(["-i", *inputs, "-o", "out", *flags]).config
    assert [split.name for split in config.splits] == splits
    assert config.card.name == name


def test_the_flags_that_were_given_are_known_by_their_names(source: Path) -> None:
    line = ["-i", str(source), "-o", "out", "--orientation", "auto", "-ext", "", "--project=p", "--size=512"]
    assert parse(line).given == {"in_dir", "out_dir", "orientation", "extension", "size"}


REFUSED = [
    ("-s 0", "-s/--size '0' is out of range: use a whole number of 1 or more"),
    ("-s 8,x", "-s/--size 'x' is not a whole number: use one of 1 or more"),
    ("--list_prefixes=", "--list_prefixes '' is not an alphabet: use hex, or characters such as 0123456789"),
    (
        "--list_prefixes hex",
        "--list_prefixes has no effect on '{source}', only on gs:// and s3:// inputs: leave it out",
    ),
    ("--verify --overwrite", "--verify and --overwrite cannot be combined: use one of them"),
    ("--wait", "--wait has no effect without --runner DataflowRunner: leave it out; other runners always wait"),
    ("--dry_run True", "--dry_run has no effect without --runner DataflowRunner: leave it out, or use --estimate"),
    ("-s 1.5", "-s/--size '1.5' is not a whole number: use one of 1 or more"),
    ("-s 70000", "--size 70000 is out of range: images can have 1 to 65500 pixels per side"),
    ("-s 8 8", "--size '8 8' is not a list of different sizes: list each size once"),
    ("-ext tiff", "--extension 'tiff' cannot be written: use one of jpg, png, webp, avif, or '' to keep each format"),
    ("-a sinc", "--algorithm 'sinc' is not one of lanczos, nearest, bilinear, bicubic, box, hamming: choose one"),
    ("--mode keep -a box", "--mode keep does not interpolate: leave out -a box, or use -a nearest"),
    ("--mode keep -ext jpg", "--mode keep cannot be written as jpg: use -ext png"),
    ("--mode CMYK", "--mode 'CMYK' is not one of RGB, L, keep: choose one"),
    (
        "--background #ff000080",
        "--background '#ff000080' is not opaque, but outputs cannot be transparent: use #ff0000",
    ),
    ("--background x", "--background 'x' is not a color: use a name, or a value such as #ffffff"),
    ("--max_pixels 0", "--max_pixels '0' is out of range: use a whole number of 1 or more"),
    ("--subsampling 4:4:4 -ext webp", "--subsampling 4:4:4 has no effect on webp, only on jpg or avif: leave it out"),
    ("--progressive -ext png", "--progressive has no effect on png, only on jpg: leave it out"),
    ("--lossless -ext jpg", "--lossless has no effect on jpg, only on webp: leave it out"),
    ("--lossless --quality 90", "--lossless images do not have a quality setting: leave out --quality 90"),
    ("-j 0", "-j/--processes '0' is out of range: use a whole number of 1 or more"),
    ("-v x", "-v/--log_every 'x' is not a whole number: use one of 1 or more"),
    ("--quality 0", "--quality '0' is out of range: use a whole number from 1 to 100"),
    ("--quality high", "--quality 'high' is not a whole number: use one from 1 to 100"),
    ("--quality 101", "--quality 101 is out of range: use a whole number from 1 to 100"),
    ("--quality 90 -ext png", "--quality 90 has no effect on png, only on jpg or webp or avif: leave it out"),
    ("--reducing_gap 0.5", "--reducing_gap 0.5 is out of range: use a number from 1 to 100"),
    ("--reducing_gap 2 --exact", "--reducing_gap 2 has no effect with --exact: use only one of them"),
    ("--fit fill", "--fit 'fill' is not one of contain, cover, crop, pad, stretch: choose one"),
    ("--fit", "--fit needs a value: put one after it, or write --fit=VALUE if it begins with a hyphen"),
    (
        "--memory -4G",
        "--memory needs a value: put one after it, or write --memory=VALUE if it begins with a hyphen",
    ),
    ("-s", "-s/--size needs a value: put one after it, or write --size=VALUE if it begins with a hyphen"),
    ("--overwrite=yes", "--overwrite does not take a value, but got 'yes': leave the value out"),
    ("--fit stretch --only_shrink", "--fit stretch always makes SIZE x SIZE pixels: leave out --only_shrink"),
    (
        "--pad_color reddish --fit pad",
        "--pad_color 'reddish' is not a color: use a name, or a value such as #ffffff",
    ),
    ("--pad_color red", "--pad_color #ff0000 has no effect with --fit contain: use --fit pad"),
    ("--max_aspect wide", "--max_aspect 'wide' is not a number: use one such as 1.5"),
    ("--max_aspect 0.5", "--max_aspect 0.5 is out of range: use a number of 1 or more"),
    ("--max_aspect nan", "--max_aspect nan is out of range: use a number of 1 or more"),
    ("--min_side 0", "--min_side '0' is out of range: use a whole number of 1 or more"),
    ("--sample 2", "--sample '2' is not a fraction of the images: use one such as 1/10"),
    ("--sample 1/0", "--sample '1/0' is not a fraction of the images: use one such as 1/10"),
    ("--memory lots", "--memory 'lots' is not an amount of memory: use 1M or more, such as 512M or 4G"),
    ("--memory 1K", "--memory '1K' is not an amount of memory: use 1M or more, such as 512M or 4G"),
    ("--max_failures -1", "--max_failures '-1' is not a limit: use a number of images, or a percentage such as 1%"),
    ("--max_failures 101%", "--max_failures '101%' is not a limit: use a number of images, or a percentage"),
    ("--layout zip", "--layout 'zip' is not one of files, webdataset, parquet, tfrecord: choose one"),
    ("--images_per_shard none", "--images_per_shard 'none' is not a whole number: use one of 1 or more"),
    ("--estimate 0", "--estimate '0' is out of range: use a whole number of 1 or more"),
    ("--estimate 1.5", "--estimate '1.5' is not a whole number: use one of 1 or more"),
    ("--verify --overwrite", "--verify and --overwrite cannot be combined: use one of them"),
    ("--verify --estimate", "--verify and --estimate cannot be combined: use one of them"),
    (
        "--runner dataflow --max_failures 1%",
        "--max_failures 1% has no effect without --wait, because the command ends before the job: add --wait, or",
    ),
    ("--flink_master h:1", "--flink_master has no effect without --runner FlinkRunner: add that, or leave out"),
    ("--job_endpoint=h:1 --runner direct", "--job_endpoint has no effect without --runner PortableRunner: add that"),
    ("--region us-east1", "--region has no effect without --runner DataflowRunner: add that, or leave out --region"),
    ("--prices x.json", "--prices 'x.json' has no effect without --estimate: use both"),
    ("--split a b", "--split 'a b' has 2 names, but -i has 1 input: use one name for each input"),
    ("--split a/b", "--split 'a/b' is not a name: use letters, digits, '_', '-' and '.'"),
    ("--split LICENSE", "--split 'LICENSE' is the name of a file of the dataset itself: use another name"),
    ("--split metadata.jsonl", "--split 'metadata.jsonl' is the name of a file of the dataset itself"),
    ("--split missing-00000-of-00001.jsonl", "--split 'missing-00000-of-00001.jsonl' is the name of a file of the"),
    ("--columns=", "--columns '' is empty: add a value, or leave out the flag"),
    ("--attribution=", "--attribution '' is empty: add a value, or leave out the flag"),
    ("--citation=", "--citation '' is empty: add a value, or leave out the flag"),
    ("--url_column=", "--url_column '' is empty: add a value, or leave out the flag"),
    ("--key_column=", "--key_column '' is empty: add a value, or leave out the flag"),
    ("--verify_hash=", "--verify_hash '' is empty: add a value, or leave out the flag"),
    ("--class_names=", "--class_names '' is empty: add a value, or leave out the flag"),
    ("--class_hierarchy=", "--class_hierarchy '' is empty: add a value, or leave out the flag"),
    (f"--split {'é' * 101}", f"--split '{'é' * 101}' is too long: use a name of at most 200 bytes"),
    ("-i a", "-i is given more than once: give it once, followed by all its values"),
    ("-s 8 --size 16", "--size is given more than once: give it once, followed by all its values"),
    ("-s 512 -s 512", "-s is given more than once: give it once, followed by all its values"),
    ("--classes a --classes b", "--classes is given more than once: give it once, followed by all its values"),
    ("--verify --estimate 5", "--verify and --estimate cannot be combined: use one of them"),
    ("--label_from folders", "--label_from 'folders' is unknown: use folder"),
    ("--labels folder", "--labels 'folder' is not KEY=VALUE, a label of a Dataflow job: to label images"),
    ("--labels=a=b --labels=folder", "--labels 'folder' is not KEY=VALUE, a label of a Dataflow job: to label"),
    ("--license CC,BY", "--license 'CC,BY' is not a license identifier: use one such as cc-by-4.0, or other"),
    (
        "--citation /no.bib",
        "--citation '/no.bib' cannot be read: No such file or directory; check the path and its permissions",
    ),
    ("--log_level loud", "--log_level 'loud' is not one of debug, info, warning, error: choose one"),
    ("--qualty 9", "'--qualty' is not a flag: did you mean --quality?"),
    ("-q --log_level info", "--log_level info has no effect with --quiet: leave one of them out, or add -l FILE"),
    ("--quiet -v 7", "--log_every 7 has no effect with --quiet: leave one of them out, or add -l FILE"),
    ("--projct=p", "'--projct' is not a flag of image_resizer or Apache Beam: did you mean --project?"),
    ("--resampler simd", "--resampler no longer exists: leave it out; the package's own extension produces"),
    ("--resampler=pillow", "--resampler no longer exists: leave it out; the package's own extension produces"),
    ("--zzz", "'--zzz' is not a flag of image_resizer or Apache Beam: --help lists the flags of image_resizer"),
    ("--runner DirectRunner stray", "'stray' does not belong to a flag: put it after its flag"),
    (
        "--direct_num_workers x",
        "--direct_num_workers: invalid int value: 'x' (a flag of Apache Beam): correct the value",
    ),
    (
        "--environment_type PROCESS",
        "wrong flags of Apache Beam: Option process_command is required for environment type PROCESS: correct them",
    ),
]


@pytest.mark.parametrize(("flags", "sentence"), REFUSED)
def test_a_wrong_flag_or_value_is_refused_with_a_sentence(source: Path, flags: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(["-i", str(source), "-o", "out", *flags.split()])
    assert str(caught.value).startswith(sentence.format(source=source))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "flags",
    [
        "--flink_master h:1 --region r --estimate",  # as run_flink.sh --estimate passes them on
        "--runner dataflow --max_failures 1% --wait",
        "--runner dataflow --max_failures 1% --estimate",
        "--runner portable --job_endpoint h:1",
    ],
)
def test_flags_that_have_an_effect_are_accepted(source: Path, flags: str) -> None:
    assert parse(["-i", str(source), "-o", "out", *flags.split()]).given


MALFORMED = {
    "https://[::1/x": "is not a web address (Invalid IPv6 URL)",
    "https://[::1/x.csv": "is not a web address (Invalid IPv6 URL)",
    "https://a]b/x.csv": "is not a web address (Invalid IPv6 URL)",
    "http://[zz]/a.jpg": "is not a web address ('zz' does not appear to be an IPv4 or IPv6 address)",
    "http://ex\u2100mple.com/a.csv": (
        "is not a web address (netloc 'ex\u2100mple.com' contains invalid characters under NFKC normalization)"
    ),
    "http://x.org:99999/a.csv": "is not a web address (Port out of range 0-65535)",
    "http://": "does not name a host",
}


def test_a_wrong_input_or_output_is_refused_with_a_sentence(source: Path, tmp_path: Path) -> None:
    nowhere, pattern = tmp_path / "nowhere", tmp_path / "nowhere" / "*.jpg"
    cases: list[tuple[list[object], object, str]] = [
        ([nowhere], "out", f"-i {str(nowhere)!r} does not exist: use a folder, a glob pattern or an object store path"),
        ([pattern], "out", f"-i {str(pattern)!r}: the folder {str(nowhere)!r} does not exist: use one that does"),
        ([source, source], "out", "-i has two inputs named 'train': use --split with a name for each"),
        ([source], source, f"-o {str(source)!r} contains the input {str(source)!r}: use a folder that does not"),
        ([source], tmp_path, f"-o {str(tmp_path)!r} contains the input {str(source)!r}: use a folder that does not"),
        *(
            (list[object]([url]), "out", f"-i {url!r} {problem}: use an address such as https://example.org/photos.csv")
            for url, problem in MALFORMED.items()
        ),
        (
            ["htps://x.org/a"],
            "out",
            "-i 'htps://x.org/a' cannot be used (htps:// is not supported): did you mean https://?",
        ),
        (
            ["gs://[b/x"],
            "out",
            "-i 'gs://[b/x' does not name a bucket ('[b' is not a valid name): write gs://BUCKET/...",
        ),
        ([""], "out", "-i '' is empty: use a folder or an object store path"),
    ]
    for inputs, out, sentence in cases:
        with pytest.raises(UsageError) as caught:
            parse(["-i", *map(str, inputs), "-o", str(out)])
        assert str(caught.value) == sentence


@pytest.mark.parametrize("flag", ["columns", "attribution", "boxes", "image_list", "image_labels"])
def test_a_table_in_out_is_refused(source: Path, tmp_path: Path, flag: str) -> None:
    out = tmp_path / "out"
    (tmp_path / "alias").symlink_to(out)
    for table in (out / "metadata.jsonl", tmp_path / "alias" / "512" / "t.csv"):
        with pytest.raises(UsageError) as caught:
            parse(["-i", str(source), "-o", str(out), "--overwrite", f"--{flag}", str(table)])
        assert str(caught.value) == (
            f"--{flag} {str(table.resolve())!r} is in -o, where a run replaces and deletes files: copy it to another "
            "folder"
        )
    parse(["-i", str(source), "-o", str(out), "--overwrite", f"--{flag}", str(tmp_path / "out.csv")])


def test_an_out_that_is_a_link_to_the_input_is_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(source)
    with pytest.raises(UsageError, match="contains the input"):
        parse(["-i", str(source), "-o", str(tmp_path / "alias")])


@pytest.mark.parametrize(
    ("limit", "failed", "total", "exceeded"),
    [
        (Limit(3), 3, None, False),
        (Limit(3), 4, None, True),
        (Limit(0), 1, 10, True),
        (Limit(10, percent=True), 10, 100, False),
        (Limit(10, percent=True), 11, 100, True),
        (Limit(10, percent=True), 11, None, False),
    ],
)
def test_a_limit_is_exceeded_by_more_failures(limit: Limit, failed: int, total: int | None, exceeded: bool) -> None:
    assert limit.exceeded(failed, total) is exceeded


@pytest.mark.parametrize(
    "wrong",
    [
        ["-s", "0"],
        ["--qualty", "9"],
        ["--in_dri", "x"],
        ["-i", "a.zip"],
        ["-a", "sinc"],
        ["-i", "/nowhere"],
        ["--labels", "folder"],
    ],
)
def test_a_command_is_refused_before_beam_is_loaded(source: Path, wrong: list[str]) -> None:
    code = (
        "import sys; from pipeline.run import main\n"
        f"code = main({['-i', str(source), '-o', 'out', *wrong]!r})\n"
        "print(code, any(name.startswith('apache_beam') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "2 False\n"
    assert done.stderr.startswith("image_resizer: ")
    assert done.stderr.count("\n") == 1


def test_a_report_during_the_run_is_for_local_runs_only(source: Path) -> None:
    assert parse(["-i", str(source), "-o", "out", "--report_every", "5"]).report_every == 5
    line = ["-i", str(source), "-o", "out", "--report_every", "5", "--runner", "FlinkRunner"]
    with pytest.raises(UsageError, match=r"^--report_every 5 has no effect with --runner FlinkRunner: leave it out, "):
        parse(line)


def test_the_names_of_the_old_script_mean_the_same(source: Path) -> None:
    names = "-i {} -o out -s 64 -ext JPG -a Box -j 3 -l a.log -v 7", "-i {} -o out -s 64 -ext jpg -a box --processes 3"
    old, long = (parse(line.format(source).split()) for line in (names[0], f"{names[1]} --log a.log --verbose 7"))
    plain = parse(f"-i {source} -o out -s 64 -ext jpg -a box --threads 3 -l a.log --log_every 7".split())
    assert old == long == plain
    assert (plain.config.processes, plain.log_every) == (3, 7)


def test_labels_of_a_job_are_beams(source: Path) -> None:
    for flags in (["--labels", "team=photos"], ["--labels=team=photos"]):
        options = parse(["-i", str(source), "-o", "out", *flags])
        assert (options.config.label_from, options.beam_args) == ("", tuple(flags))


def test_a_current_folder_that_was_deleted_is_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for flags in (["-i", ".", "-o", "out"], ["-i", str(source), "-o", str(tmp_path / "out")], ["-h"]):
        with pytest.raises(UsageError) as refused:
            parse(flags)
        assert str(refused.value) == (
            "the current folder cannot be used (No such file or directory): change to one that exists"
        )


def test_the_last_of_several_single_values_counts(source: Path) -> None:
    assert parse(["-i", str(source), "-o", "out", "-ext", "jpg", "-ext", "png"]).config.spec.extension == "png"


@pytest.mark.parametrize("pattern", ["", "/*.jpg"])
def test_an_input_that_cannot_be_looked_up_is_not_called_missing(tmp_path: Path, pattern: str) -> None:
    typed = f"{tmp_path / ('x' * 300)}{pattern}"
    with pytest.raises(UsageError) as refused:
        parse(["-i", typed, "-o", "out"])
    assert str(refused.value) == (
        f"-i {typed!r} cannot be read (File name too long): make it readable, or use another folder"
    )
