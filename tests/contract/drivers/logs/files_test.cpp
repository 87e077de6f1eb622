// SPDX-License-Identifier: Apache-2.0
#include "drivers/logs/files.hpp"

#include <poll.h>

#include "contract/drivers/logs/directory.hpp"

namespace keyshift::drivers {
namespace {

TEST_F(LogFilesTest, HandOverWholeLinesOnce) {
    append("app.log", "one\ntwo\nthr");
    EXPECT_EQ(read(), "one\ntwo\n");
    EXPECT_EQ(last_.bytes, 8U);
    EXPECT_EQ(last_.lag_bytes, 0U);
    EXPECT_EQ(read(), "");
    append("app.log", "ee\n\n\n");
    EXPECT_EQ(read(), "three\n\n\n");
    append("app.log", std::string("\0\xff\r\n", 4));
    EXPECT_EQ(read(), std::string("\0\xff\r\n", 4));
    EXPECT_EQ(read(), "");
    EXPECT_TRUE(last_.cursor.empty());
    EXPECT_FALSE(last_.lossy);
}

TEST_F(LogFilesTest, GoOnAfterARestart) {
    append("app.log", "one\ntwo\nthr");
    EXPECT_EQ(read(), "one\ntwo\n");
    append("app.log", "ee\n");
    start();
    EXPECT_EQ(read(), "three\n");
    start();
    EXPECT_EQ(read(), "");
    EXPECT_FALSE(last_.lossy);
}

TEST_F(LogFilesTest, ReadANewFileFromItsBeginning) {
    EXPECT_EQ(read(), "");
    append("app.log", "one\n");
    append("app.log.other", "two\n");
    EXPECT_EQ(read().size(), 8U);
    start();
    append("app.log.third", "three\n");
    EXPECT_EQ(read(), "three\n");
}

TEST_F(LogFilesTest, StartAtTheEndOnlyAtTheVeryFirstPoll) {
    options_.from_end = true;
    append("app.log", "old\nhalf ");
    start();
    EXPECT_EQ(read(), "");
    append("app.log", "a line\n");
    EXPECT_EQ(read(), "half a line\n");
    append("app.log.1", "one\n");
    EXPECT_EQ(read(), "one\n");
    start();
    append("app.log.2", "two\n");
    EXPECT_EQ(read(), "two\n");
}

TEST_F(LogFilesTest, RememberAFirstPollAtNothing) {
    options_.from_end = true;
    start();
    EXPECT_EQ(read(), "");
    append("app.log", "one\n");
    start();
    EXPECT_EQ(read(), "one\n");
}

TEST_F(LogFilesTest, HandOverALineThatFillsABlock) {
    const std::string line = std::string(kLogBlock - 1, 'x') + '\n';
    append("app.log", line + line + "short\n");
    EXPECT_EQ(read(), line + line + "short\n");
    EXPECT_EQ(oversized_, 0);
}

TEST_F(LogFilesTest, PassOverALineThatIsLonger) {
    append("app.log", "before\n" + std::string(kLogBlock, 'x') + "\nafter\n");
    EXPECT_EQ(read(), "before\nafter\n");
    EXPECT_EQ(oversized_, 1);
    EXPECT_EQ(last_.bytes, 7 + kLogBlock + 1 + 6);
}

TEST_F(LogFilesTest, PassOverALongLineOnceAlsoInPartsAndOverARestart) {
    append("app.log", std::string(kLogBlock + 10, 'x'));
    EXPECT_EQ(read(), "");
    EXPECT_EQ(oversized_, 1);
    for (int i = 0; i < 3; ++i) {
        append("app.log", std::string(kLogBlock / 2, 'x'));
        start();
        EXPECT_EQ(read(), "");
    }
    append("app.log", "x\nafter\n");
    EXPECT_EQ(read(), "after\n");
    EXPECT_EQ(oversized_, 1);
}

TEST_F(LogFilesTest, KeepWhatIsNoWholeMessageYet) {
    // A message ends in ';'.
    options_.whole = [](std::string_view block) {
        const auto end = block.rfind(";\n");
        return end == std::string_view::npos ? 0 : end + 2;
    };
    start();
    append("app.log", "a\nb;\nc\n");
    EXPECT_EQ(read(), "a\nb;\n");
    EXPECT_EQ(last_.lag_bytes, 0U);
    append("app.log", "d\n");
    EXPECT_EQ(read(), "");
    start();
    append("app.log", "e;\n");
    EXPECT_EQ(read(), "c\nd\ne;\n");
}

TEST_F(LogFilesTest, HandOverAMessageThatFillsABlock) {
    options_.whole = [](std::string_view) { return 0; };
    start();
    std::string lines;
    while (lines.size() < 2 * kLogBlock + 100) lines += "part\n";
    append("app.log", lines);
    const std::string got = read();
    EXPECT_GE(got.size(), 2 * kLogBlock - 10);
    EXPECT_TRUE(lines.starts_with(got));
}

TEST_F(LogFilesTest, StopAtTheDeadlineAndGoOn) {
    const std::string line = std::string(99, 'x') + '\n';
    std::string lines;
    for (int i = 0; i < 10'000; ++i) lines += line;
    append("app.log", lines + "half");
    append("app.log.1", lines);
    std::string got = read(0s);
    EXPECT_TRUE(last_.more);
    EXPECT_GT(got.size(), 0U);
    EXPECT_LE(got.size(), kLogBlock);
    EXPECT_EQ(last_.lag_bytes, 2 * lines.size() - got.size());
    for (int i = 0; i < 20 && last_.more; ++i) {
        start();
        got += read(0s);
        EXPECT_EQ(last_.lag_bytes, 2 * lines.size() - got.size());
    }
    EXPECT_EQ(got.size(), 2 * lines.size());
    EXPECT_FALSE(last_.more);
}

TEST_F(LogFilesTest, ShareADeadline) {
    const std::string big(4 * kLogBlock, '\n');
    append("app.log", big);
    append("app.log.1", "small\n");
    std::string got = read(0s) + read(0s);
    EXPECT_NE(got.find("small"), std::string::npos);
}

TEST_F(LogFilesTest, StopWhenInterrupted) {
    append("app.log", std::string(4 * kLogBlock, '\n'));
    interrupt_.raise();
    EXPECT_EQ(read().size(), kLogBlock);
    EXPECT_TRUE(last_.more);
}

TEST_F(LogFilesTest, WakeWhoeverWaits) {
    append("app.log", "one\n");
    read();
    const auto woken = [&] {
        pollfd wanted{input_->wake_fd(), POLLIN, 0};
        return ::poll(&wanted, 1, 0) > 0;
    };
    EXPECT_FALSE(woken());
    append("app.log", "two\n");
    EXPECT_TRUE(woken());
    EXPECT_EQ(read(), "two\n");
    EXPECT_FALSE(woken());
    append("app.log.new", "three\n");
    EXPECT_TRUE(woken());
    EXPECT_EQ(read(), "three\n");
    append("others", "no log\n");
    read();
    EXPECT_FALSE(woken());
    EXPECT_GE(input_->max_poll_interval(), 1s);
    EXPECT_LE(input_->max_poll_interval(), 10s);
}

TEST_F(LogFilesTest, ReadAllAlsoWhenTheKernelLosesCount) {
    std::ofstream a(path("app.log"));
    std::ofstream b(path("app.log.b"));
    EXPECT_EQ(read(), "");
    // More than the queue of events holds; equal events in a row would be one.
    for (int i = 0; i < 20'000; ++i) {
        a << "a\n" << std::flush;
        b << "b\n" << std::flush;
    }
    append("app.log.c", "c\n");
    EXPECT_EQ(read().size(), 80'002U);
}

TEST_F(LogFilesTest, FindFilesInDirectoriesThatAppear) {
    options_.globs = {path("pods/*/log/*.log")};
    start();
    EXPECT_EQ(read().substr(0, 1), "!") << "not even the directory is there";
    std::filesystem::create_directories(path("pods/a/log"));
    append("pods/a/log/x.log", "one\n");
    EXPECT_EQ(read(), "one\n");
    std::filesystem::create_directories(path("pods/b/log"));
    append("pods/b/log/x.log", "two\n");
    append("pods/b/log/x.txt", "no log\n");
    EXPECT_EQ(read(), "two\n");
}

TEST_F(LogFilesTest, ReadAFileWithTwoNamesOnce) {
    append("app.log", "one\n");
    std::filesystem::create_symlink(path("app.log"), path("app.log.link"));
    std::filesystem::create_hard_link(path("app.log"), path("app.log.hard"));
    EXPECT_EQ(read(), "one\n");
    append("app.log", "two\n");
    EXPECT_EQ(read(), "two\n");
    start();
    EXPECT_EQ(read(), "");
}

TEST_F(LogFilesTest, FollowALinkToElsewhere) {
    std::filesystem::create_directory(path("far"));
    append("far/real", "one\n");
    std::filesystem::create_symlink(path("far/real"), path("app.log"));
    EXPECT_EQ(read(), "one\n");
    append("far/real", "two\n");
    EXPECT_EQ(read(), "two\n");
}

TEST_F(LogFilesTest, LeaveCompressedFilesAlone) {
    append("app.log.1.gz", std::string("\x1f\x8b\x08\x00lines\nlines\n", 16));
    append("app.log.2.zst", "\x28\xb5\x2f\xfdlines\n");
    append("app.log.3.xz", std::string("\xfd\x37zXZ\0lines\n", 12));
    append("app.log.4.bz2", "BZh91AY&SYlines\n");
    append("app.log", "BZh is how a line may begin\n");
    EXPECT_EQ(read(), "BZh is how a line may begin\n");
    append("app.log.1.gz", "more\n");
    EXPECT_EQ(read(), "");
    EXPECT_TRUE(last_.missing.empty());
}

TEST_F(LogFilesTest, TellWhereTheyAre) {
    append("app.log", "one\ntw");
    auto places = input_->places();
    ASSERT_EQ(places.size(), 1U) << "also before the first poll";
    EXPECT_EQ(places[0].name, path("app.log"));
    read();
    places = input_->places();
    ASSERT_EQ(places.size(), 1U);
    EXPECT_EQ(places[0].size_bytes, 6U);
    EXPECT_EQ(places[0].read_bytes, 4U);
    EXPECT_EQ(places[0].problem, "");
}

TEST_F(LogFilesTest, IgnoreACursorTheyCannotRead) {
    append("app.log", "one\n");
    cursor_["app.log"] = "x";
    cursor_["1:2:3"] = "9 - -";
    start();
    EXPECT_EQ(read(), "one\n");
}

}  // namespace
}  // namespace keyshift::drivers
