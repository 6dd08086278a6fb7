import traceback

from transforms.model.errors import RunError, StorageError, recover_os_error, recover_run_error


def test_our_own_errors_lose_what_beam_adds() -> None:
    told = recover_run_error(StorageError("cannot write 'x': No space left [while running 'A/B'] [while running 'C']"))
    assert isinstance(told, StorageError)
    assert str(told) == "cannot write 'x': No space left"


def test_an_error_in_a_traceback() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "x.py", line 1, in f\n'
        "transforms.model.errors.StorageError: first\n\n"
        "During handling of the above exception, another exception occurred:\n"
        "transforms.model.errors.RunError: the second [it is]: so [while running 'WriteShards']\n"
    )
    told = recover_run_error(RuntimeError(text))
    assert type(told) is RunError
    assert str(told) == "the second [it is]: so"
    assert type(recover_run_error(RuntimeError(text.rpartition("During")[0]))) is StorageError


def test_an_error_in_a_traceback_that_python_wrote() -> None:
    for error in (StorageError("cannot read 'x': Permission denied", "Permission denied"), RunError("too few")):
        recovered = recover_run_error(RuntimeError("".join(traceback.format_exception(error))))
        assert type(recovered) is type(error)
        assert str(recovered) == str(error)


def test_a_stranger_is_none_of_ours() -> None:
    assert recover_run_error(RuntimeError("ValueError: what a pity")) is None


def test_an_error_of_the_machine_that_a_runner_met_itself() -> None:
    sentence = "[Errno 24] Too many open files: '/out/_run/tmp/x'"
    text = (
        f"Traceback (most recent call last):\n  File ...\nRuntimeError: OSError: {sentence} [while running 'Write/x']"
    )
    for error in (RuntimeError(text), OSError(24, "Too many open files", "/out/_run/tmp/x")):
        assert str(recover_os_error(error)) == sentence
    assert recover_os_error(RuntimeError("ValueError: 3")) is None
