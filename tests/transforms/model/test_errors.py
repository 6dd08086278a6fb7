import traceback

from transforms.model.errors import RunError, StorageError, recover_os_error, recover_run_error


def test_the_step_that_beam_appends_is_removed() -> None:
    recovered = recover_run_error(
        StorageError("cannot write 'x': No space left [while running 'A/B'] [while running 'C']")
    )
    assert isinstance(recovered, StorageError)
    assert str(recovered) == "cannot write 'x': No space left"


def test_the_last_error_in_a_traceback_is_recovered() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "x.py", line 1, in f\n'
        "transforms.model.errors.StorageError: first\n\n"
        "During handling of the above exception, another exception occurred:\n"
        "transforms.model.errors.RunError: the second [it is]: so [while running 'WriteShards']\n"
    )
    recovered = recover_run_error(RuntimeError(text))
    assert type(recovered) is RunError
    assert str(recovered) == "the second [it is]: so"
    assert type(recover_run_error(RuntimeError(text.rpartition("During")[0]))) is StorageError


def test_an_error_in_a_traceback_of_python_is_recovered() -> None:
    for error in (StorageError("cannot read 'x': Permission denied", "Permission denied"), RunError("too few")):
        recovered = recover_run_error(RuntimeError("".join(traceback.format_exception(error))))
        assert type(recovered) is type(error)
        assert str(recovered) == str(error)


def test_another_error_is_not_recovered() -> None:
    assert recover_run_error(RuntimeError("ValueError: another error")) is None


def test_an_os_error_of_the_runner_is_recovered() -> None:
    message = "[Errno 24] Too many open files: '/out/.run/tmp/x'"
    text = f"Traceback (most recent call last):\n  File ...\nRuntimeError: OSError: {message} [while running 'Write/x']"
    for error in (RuntimeError(text), OSError(24, "Too many open files", "/out/.run/tmp/x")):
        assert str(recover_os_error(error)) == message
    assert recover_os_error(RuntimeError("ValueError: 3")) is None
