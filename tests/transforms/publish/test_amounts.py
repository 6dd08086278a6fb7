from transforms.publish.amounts import amount


def test_amounts_have_three_digits() -> None:
    assert [amount(number) for number in (0, 999, 999_400, 999_600, 41_300, 2_500_000, 52.84e9, 1.2e13, 1.2e16)] == [
        *("0 B", "999 B", "999 KB", "1 MB", "41.3 KB", "2.5 MB", "52.8 GB", "12 TB", "12,000 TB"),
    ]
