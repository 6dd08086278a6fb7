"""How flags may be spelled, and the message for a misspelled flag."""

import pytest

from pipeline.cli.flags import parser
from pipeline.cli.spelling import check_spelling, meant_flag, underscored
from pipeline.errors import UsageError
from transforms import compat

OURS = compat.flags_of(parser())


def test_hyphens_are_underscores_in_every_flag_of_ours() -> None:
    long = [flag for flag in OURS if flag.startswith("--")]
    typed = [flag[:2] + flag[2:].replace("_", "-") for flag in long]
    assert underscored(typed, OURS) == long
    assert underscored(["--in-dir=a-b_c", "--images-per-shard", "4"], OURS) == [
        *("--in_dir=a-b_c", "--images_per_shard", "4")
    ]


@pytest.mark.parametrize("arg", ["--job-server-timeout", "--temp-location=gs://a", "photos-512", "-o", "-", "--", "-3"])
def test_other_arguments_stay_as_they_are(arg: str) -> None:
    assert underscored([arg], OURS) == [arg]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--sizes", "--size"),
        ("--in_dri", "--in_dir"),
        ("--in-dri", "--in_dir"),
        ("--outdir", "--out_dir"),
        ("--qualty", "--quality"),
        ("--Quality", "--quality"),
        ("--layuot", "--layout"),
        ("--sise", "--size"),
        ("--siez", "--size"),
        ("--naem", "--name"),
        ("--overwite", "--overwrite"),
        ("--licence", "--license"),
        ("--colour", "--color"),
        ("--verson", "--version"),
        ("--hepl", "--help"),
        ("--algo", "--algorithm"),
        ("--ext", "-ext"),
        ("--o", "-o"),
        ("-size", "--size"),
        ("-out_dir", "--out_dir"),
        ("-log", "--log"),
    ],
)
def test_a_misspelt_flag_is_answered_with_the_nearest(typed: str, meant: str) -> None:
    assert meant_flag(typed, OURS) == meant
    for arg in (typed, f"{typed}=5"):
        with pytest.raises(UsageError) as caught:
            check_spelling(["-i", "photos", arg], OURS)
        assert str(caught.value) == f"{typed!r} is not a flag: did you mean {meant}?"


@pytest.mark.parametrize("arg", [*OURS, "-j4", "-s512", "-oout", "-", "--", "-1", "--zzz", "photos", "--sizes.txt"])
def test_what_is_no_misspelt_flag_passes(arg: str) -> None:
    check_spelling([arg], OURS)


def test_no_flag_of_beam_is_taken_for_a_misspelt_one() -> None:
    beams = compat.flags_of(compat.beam_parser())
    assert len(beams) > 150
    assert {flag: meant_flag(flag, OURS) for flag in beams if flag not in OURS and meant_flag(flag, OURS)} == {}
    check_spelling(["--runner", "DataflowRunner", *beams], OURS)
