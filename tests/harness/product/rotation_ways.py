# SPDX-License-Identifier: Apache-2.0
"""Ways in which logs are rotated, copied, put back, removed, and appear. Each acts on one log, and says what is to count."""

import gzip
import os
import shutil
import time

from harness.product.rotated_log import Log, step, wait_for_looks

def rename_and_create(log: Log) -> None:
    log.write(3)
    log.path.rename(log.at("access.log.1"))
    log.write(3)


def rename_and_create_later(log: Log) -> None:
    log.write(3)
    log.path.rename(log.at("access.log.1"))
    log.seen()
    log.write(3)


def rename_while_it_is_written(log: Log) -> None:
    with log.path.open("ab", buffering=0) as writer:
        log.path.rename(log.at("access.log.1"))
        writer.write(log.text(2))
        log.seen()
        writer.write(log.text(2))
    log.write(2)


def rename_in_the_midst_of_a_line(log: Log) -> None:
    with log.path.open("ab", buffering=0) as writer:
        line = log.text(1)
        writer.write(line[:20])
        log.path.rename(log.at("access.log.1"))
        writer.write(line[20:] + log.text(1))
    log.write(2)


def rename_by_date(log: Log) -> None:
    log.write(3)
    log.path.rename(log.at("access.log-20261130"))
    log.write(3)


def rename_through_numbers(log: Log) -> None:
    for _ in range(4):
        for number in (4, 3, 2, 1):
            if log.at(f"access.log.{number}").exists():
                log.at(f"access.log.{number}").rename(log.at(f"access.log.{number + 1}"))
        log.path.rename(log.at("access.log.1"))
        log.write(3)


def rename_into_another_directory(log: Log) -> None:
    log.write(3)
    log.at("old").mkdir()
    log.at("old").chmod(0o755)
    log.path.rename(log.at("old/access.log.1"))
    log.write(3)


def rename_and_compress(log: Log) -> None:
    log.write(3)
    log.path.rename(log.at("access.log.1"))
    log.write(3)
    log.seen()
    log.at("access.log.1.gz").write_bytes(gzip.compress(log.at("access.log.1").read_bytes()))
    if log.running:
        log.at("access.log.1").unlink()


def rename_over(log: Log) -> None:
    """A new file takes the log's place in one step."""
    log.seen()
    step()
    with log.at("new").open("wb") as new:
        new.write(log.text(4))
    log.at("new").rename(log.path)
    log.write(2)


def link_and_remove(log: Log) -> None:
    log.write(2)
    os.link(log.path, log.at("access.log.1"))
    log.path.unlink()
    log.write(3)


def copy_and_truncate(log: Log) -> None:
    log.write(3)
    shutil.copy(log.path, log.at("access.log.1"))
    os.truncate(log.path, 0)
    log.write(3)


def copy_and_truncate_by_date(log: Log) -> None:
    log.write(3)
    shutil.copy(log.path, log.at("access.log-20261130"))
    os.truncate(log.path, 0)
    log.write(3)


def copy_and_truncate_twice(log: Log) -> None:
    copy_and_truncate(log)
    log.seen()
    log.at("access.log.1").rename(log.at("access.log.2"))
    copy_and_truncate(log)


def copy_slowly_and_truncate(log: Log) -> None:
    log.write(3)
    with log.path.open("rb") as source, log.at("access.log.1").open("wb", buffering=0) as copy:
        while piece := source.read(300):
            copy.write(piece)
            time.sleep(0.002)
    os.truncate(log.path, 0)
    log.write(3)


def truncate_what_was_read(log: Log) -> None:
    log.seen()
    os.truncate(log.path, 0)
    log.write(3)


def truncate_under_a_writer_that_does_not_append(log: Log) -> None:
    log.seen()
    with log.path.open("r+b", buffering=0) as writer:
        writer.seek(0, os.SEEK_END)
        writer.truncate(0)
        writer.write(log.text(3))


def copy_remove_create(log: Log) -> None:
    """All at once."""
    log.write(3)
    shutil.copy(log.path, log.at("access.log.1"))
    log.path.unlink()
    log.write(3)


def copy_with_times_remove_create(log: Log) -> None:
    log.write(3)
    shutil.copy2(log.path, log.at("access.log.1"))
    log.path.unlink()
    log.write(3)


def copy_remove_create_later(log: Log) -> None:
    log.write(3)
    shutil.copy(log.path, log.at("access.log.1"))
    log.seen()
    log.path.unlink()
    log.seen()
    log.write(3)


def copy_rename_create(log: Log) -> None:
    """A backup is made of it just before it is rotated."""
    log.write(3)
    shutil.copy(log.path, log.at("access.log.orig"))
    log.path.rename(log.at("access.log.1"))
    log.write(3)


def copy_of_a_rotated_file(log: Log) -> None:
    log.path.rename(log.at("access.log.1"))
    log.write(3)
    log.seen()
    step()
    shutil.copy(log.at("access.log.1"), log.at("access.log.1.orig"))


def copy_that_stays(log: Log) -> None:
    shutil.copy(log.path, log.at("access.log.bak"))
    log.write(3)


def copy_that_stays_and_goes(log: Log) -> None:
    shutil.copy(log.path, log.at("access.log.bak"))
    log.write(3)
    log.seen()
    log.at("access.log.bak").unlink()


def remove_and_create(log: Log) -> None:
    log.seen()
    log.path.unlink()
    log.write(3)


def remove_and_create_often(log: Log) -> None:
    """The file system gives the same number again."""
    for _ in range(3):
        log.seen()
        log.path.unlink()
        log.write(3)


def remove_while_it_is_written(log: Log) -> None:
    with log.path.open("ab", buffering=0) as writer:
        log.path.unlink()
        writer.write(log.text(2))
        log.seen()
    log.write(2)


def older_copy_in_its_place(log: Log) -> None:
    shutil.copy(log.path, log.at("backup"))
    step()
    if log.running:  # Else nobody could ever read them.
        log.write(3)
        log.seen()
    step()
    log.at("backup").rename(log.path)


def older_copy_in_its_place_that_grows_on_at_once(log: Log) -> None:
    older_copy_in_its_place(log)
    log.write(3)


def older_copy_in_its_place_that_grows_on_later(log: Log) -> None:
    older_copy_in_its_place(log)
    log.seen()
    log.write(3)


def older_copy_over_it(log: Log) -> None:
    shutil.copy(log.path, log.at("backup"))
    log.write(3)
    log.seen()
    # As `rsync --inplace` writes it: `cp` empties the file first, and whoever looks just then sees a new log.
    older = log.at("backup").read_bytes()
    with log.path.open("r+b") as over:
        over.write(older)
        over.truncate()
    log.at("backup").unlink()
    wait_for_looks(log)
    log.write(3)


def whole_copy_in_its_place(log: Log) -> None:
    log.write(3)
    log.seen()
    shutil.copy(log.path, log.at("new"))
    step()
    log.at("new").rename(log.path)
    log.write(3)


def edited_in_place(log: Log) -> None:
    """As sed -i and vim do: a copy with the same lines takes its place."""
    log.seen()
    log.at("sedAbC").write_bytes(log.path.read_bytes())
    step()
    log.at("sedAbC").rename(log.path)
    log.write(2)


def away_and_back(log: Log) -> None:
    log.path.rename(log.at("elsewhere"))
    log.seen()
    log.at("elsewhere").rename(log.path)
    log.write(2)


def directory_away_and_back(log: Log) -> None:
    away = log.directory.with_name(log.directory.name + "-away")
    log.write(2)
    log.seen()
    log.directory.rename(away)
    step()
    away.rename(log.directory)
    log.write(2)


def names_exchanged(log: Log) -> None:
    """The log and the file before it, both already read."""
    log.path.rename(log.at("access.log.1"))
    log.write(4)
    log.seen()
    log.at("access.log.1").rename(log.at("third"))
    log.path.rename(log.at("access.log.1"))
    log.at("third").rename(log.path)
    log.write(2)


def link_to_another_file(log: Log) -> None:
    """The log is a link that is set to a new file every day."""
    log.path.rename(log.at("real-1"))
    log.path.symlink_to("real-1")
    log.write(2)
    log.seen()
    (log.at("real-2")).write_bytes(log.text(2))
    log.at("link").symlink_to("real-2")
    log.at("link").rename(log.path)
    log.write(2)


def two_names(log: Log) -> None:
    os.link(log.path, log.at("access.log.same"))
    log.write(2)
    log.seen()
    log.at("access.log.same").unlink()
    log.write(2)


def ends_without_newline_and_is_renamed(log: Log) -> None:
    log.end_without_newline()
    log.path.rename(log.at("access.log.1"))


def ends_without_newline_and_goes_on_elsewhere(log: Log) -> None:
    log.end_without_newline()
    log.path.rename(log.at("access.log.1"))
    step()
    log.write(3)


def ends_without_newline_while_it_is_written(log: Log) -> None:
    with log.path.open("ab", buffering=0) as writer:
        log.path.rename(log.at("access.log.1"))
        step()
        writer.write(log.text(1)[:-1])
        step()
    log.write(3)


def ends_without_newline_and_is_removed(log: Log) -> None:
    log.end_without_newline()
    wait_for_looks(log)
    log.path.unlink()
    step()
    log.write(3)


def ends_without_newline_and_is_copied_and_removed(log: Log) -> None:
    log.end_without_newline()
    shutil.copy(log.path, log.at("access.log.1"))
    log.path.unlink()
    step()
    log.write(3)


def half_a_line_is_completed(log: Log) -> None:
    line = log.text(1)
    with log.path.open("ab", buffering=0) as writer:
        writer.write(line[:30])
        wait_for_looks(log)
        writer.write(line[30:])


def same_content_in_two_directories(log: Log) -> None:
    content = log.text(25, expected=2)
    for name in ("one", "two"):
        log.at(name).mkdir()
        log.at(name).chmod(0o755)
        log.at(f"{name}/other.log").write_bytes(content)


def same_content_under_two_names(log: Log) -> None:
    content = log.text(25, expected=2)
    log.at("a.txt").write_bytes(content)
    step()
    log.at("b.txt").write_bytes(content)


def same_lines_again_behind_a_rotation(log: Log) -> None:
    log.path.rename(log.at("access.log.1"))
    step()
    content = log.at("access.log.1").read_bytes()
    for line in content.splitlines():
        log.expected[line.decode().split()[6]] += 1
    log.path.write_bytes(content)


def many_files_at_once(log: Log) -> None:
    for number in range(20):
        log.write(2, f"access.log.{100 + number}")


def a_file_appears(log: Log) -> None:
    log.write(5, "late.log")


def a_directory_appears(log: Log) -> None:
    log.at("later").mkdir()
    log.at("later").chmod(0o755)
    log.write(5, "later/access.log")


def a_file_appears_that_may_not_be_read_yet(log: Log) -> None:
    path = log.at("late.log")
    path.touch(0o600)
    log.write(5, "late.log")
    wait_for_looks(log)
    path.chmod(0o644)


def may_not_be_read_for_a_time(log: Log) -> None:
    log.path.chmod(0)
    log.write(3)
    wait_for_looks(log)
    log.path.chmod(0o644)
    log.write(1)


def directory_may_not_be_read_for_a_time(log: Log) -> None:
    log.seen()
    log.directory.chmod(0o700)
    log.write(3)
    wait_for_looks(log)
    log.directory.chmod(0o755)
    log.write(1)


def nothing_but_lines(log: Log) -> None:
    log.write(30)
