# SPDX-License-Identifier: Apache-2.0
"""The harness's journald."""

import pytest

from harness.servers.journal import Journald


def test_a_journald_of_its_own_writes_rotates_and_comes_back():
    with Journald() as journal:
        for number in range(100):
            journal.send(f"line {number}", {"SYSLOG_IDENTIFIER": "gateway"})
        journal.send(b"two\nlines \xff", {"SYSLOG_IDENTIFIER": "other", "_SYSTEMD_UNIT": "forged.service"})
        journal.sync()
        expected = [f"line {number}" for number in range(100)]
        assert journal.messages("SYSLOG_IDENTIFIER=gateway") == expected
        assert journal.messages("SYSLOG_IDENTIFIER=other") == ["two", "lines \N{REPLACEMENT CHARACTER}"]
        assert journal.messages("_SYSTEMD_UNIT=forged.service") == []
        journal.rotate()
        journal.send("after", {"SYSLOG_IDENTIFIER": "gateway"})
        journal.sync()
        assert journal.messages("SYSLOG_IDENTIFIER=gateway") == [*expected, "after"]
        assert len(journal.files()) == 2
        journal.vacuum()
        assert journal.messages("SYSLOG_IDENTIFIER=gateway") == ["after"]
        journal.kill9()
        with pytest.raises(OSError):
            journal.send("nobody hears this")
        journal.start()
        journal.send("back", {"SYSLOG_IDENTIFIER": "gateway"})
        journal.sync()
        assert journal.messages("SYSLOG_IDENTIFIER=gateway") == ["after", "back"]
        process = journal.process
    assert not process.running and not journal.directory.exists()


def test_a_containers_long_line_is_split():
    with Journald() as journal:
        journal.docker_says("abc", b"x" * 40_000)
        journal.docker_says("abc", b"short", priority=3)
        journal.docker_says("abc", b"cut", finished=False)
        journal.sync()
        assert [len(line) for line in journal.messages("CONTAINER_ID=abc")] == [16_384, 16_384, 7_232, 5, 3]
        assert journal.messages("CONTAINER_ID=abc", "PRIORITY=3") == ["short"]
        assert [len(line) for line in journal.messages("CONTAINER_PARTIAL_MESSAGE=true")] == [16_384, 16_384, 3]
