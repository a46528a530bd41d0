"""S24 in small: some hundred recordings with bytes gone wrong; `python -m tests.security_inputs.fuzz` reads 20,000."""

from tests.security_inputs import fuzz

FILES = 250


def test_a_spoilt_recording_harms_only_the_fork_that_reads_it():
    ends, alive = fuzz.run(FILES, seed=24)

    assert alive
    assert ends["no_server"] == 0
    # It is not the first bytes alone that were spoilt: the decoders have seen most of them.
    assert ends["read"] > FILES / 10
    assert ends["not_audio"] > FILES / 20
