import copy

from apache_beam.options.pipeline_options import DebugOptions, GoogleCloudOptions, PipelineOptions, TypeOptions

from pipeline.runners.local import CachedOptions

ARGS = ["--job_name", "a-job", "--experiments", "one"]


def test_views_of_a_class_are_one_object_with_the_values_of_the_flags() -> None:
    options = CachedOptions(ARGS)
    for view in (GoogleCloudOptions, DebugOptions, TypeOptions):
        assert type(options.view_as(view)) is view
        assert options.view_as(view) is options.view_as(view)
        assert options.view_as(view).get_all_options() == PipelineOptions(ARGS).view_as(view).get_all_options()


def test_a_value_that_is_set_in_one_view_is_seen_in_all() -> None:
    options = CachedOptions(ARGS)
    before = options.view_as(DebugOptions)
    options.view_as(DebugOptions).experiments = ["one", "two"]
    assert before.experiments == ["one", "two"]
    assert options.view_as(GoogleCloudOptions).view_as(DebugOptions).experiments == ["one", "two"]
    assert options.get_all_options()["experiments"] == ["one", "two"]


def test_a_copy_has_views_of_its_own() -> None:
    options = CachedOptions(ARGS)
    options.view_as(GoogleCloudOptions)
    copied = copy.deepcopy(options)
    copied.view_as(GoogleCloudOptions).job_name = "another"
    assert options.view_as(GoogleCloudOptions).job_name == "a-job"
    assert copied.get_all_options()["job_name"] == "another"
