"""The parameters of flex_template.json are flags, and their texts name the flags' choices and defaults."""

import json
import re

import pytest

from pipeline.cli.flags import parser_and_groups
from pipeline.cli.options import parse
from tests.support import ROOT

PARAMETERS = {
    parameter["name"]: parameter for parameter in json.loads((ROOT / "flex_template.json").read_text())["parameters"]
}

# A value that the console must accept for each parameter with an expression, if the flag has no choices.
ACCEPTED = {
    **dict.fromkeys(["in_dir", "out_dir", "image_list", "boxes", "image_labels"], "gs://b/f.csv"),
    **dict.fromkeys(["class_names", "class_hierarchy"], "gs://b/f.csv"),
    **dict.fromkeys(["quality", "images_per_shard", "max_per_class", "max_images"], "90"),
    "size": "512,256",
}


ACTIONS = {
    flag: action for group in parser_and_groups()[1] for action in group.actions for flag in action.option_strings
}


@pytest.mark.parametrize("name", sorted({*PARAMETERS} - {"sdk_container_image"}))  # a Beam flag
def test_a_parameter_is_a_flag_and_its_expressions_accept_what_the_flag_does(name: str) -> None:
    parameter, choices = PARAMETERS[name], ACTIONS[f"--{name}"].choices
    expressions: list[str] = parameter.get("regexes", [])
    values = list(map(str, choices)) if choices else [ACCEPTED[name]] if expressions else []
    assert [value for value in values if not all(re.fullmatch(expression, value) for expression in expressions)] == []
    if choices:
        assert [value for value in values if value not in re.findall(r"\w+", parameter["helpText"])] == []


def test_only_the_places_and_the_image_are_required() -> None:
    required = [name for name, parameter in PARAMETERS.items() if not parameter.get("isOptional")]
    assert required == ["in_dir", "out_dir", "sdk_container_image"]
    assert all({"name", "label", "helpText"} <= parameter.keys() for parameter in PARAMETERS.values())


def test_the_command_takes_parameters_as_the_launcher_passes_them() -> None:
    places = ["--in_dir=gs://b/train", "--out_dir=gs://mine/x", "--runner=DataflowRunner"]
    selection = ["--boxes=gs://b/boxes.csv", "--classes=/m/01yrx", "--box_filter=IsGroupOf=0 IsDepiction!=1"]
    config = parse([*places, *selection, "--size=512,256", "--sample=1/10", "--min_visible=0.3"]).config
    assert config.spec.sizes == (512, 256)
    assert config.sample == "1/10"
    assert config.annotations is not None
    assert config.annotations.min_visible == 0.3
    assert " ".join(map(str, config.annotations.rules)) == "IsGroupOf=0 IsDepiction!=1"
