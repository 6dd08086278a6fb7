from transforms.errors import RunError, StorageError, sentence_of


def test_the_sentence_of_our_own_errors() -> None:
    assert sentence_of(StorageError("cannot write 'x': No space left [while running 'A/B'] [while running 'C']")) == (
        "cannot write 'x': No space left"
    )


def test_the_sentence_in_a_traceback() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "x.py", line 1, in f\n'
        "transforms.errors.StorageError: first\n\n"
        "During handling of the above exception, another exception occurred:\n"
        "transforms.errors.RunError: the second [it is]: so [while running 'WriteShards']\n"
    )
    assert sentence_of(RuntimeError(text)) == "the second [it is]: so"


def test_a_stranger_has_none() -> None:
    assert sentence_of(RuntimeError("ValueError: what a pity")) is None
    assert sentence_of(RunError("ours")) == "ours"
