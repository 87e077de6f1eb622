// SPDX-License-Identifier: Apache-2.0
#include "contract/drivers/logs/directory.hpp"

namespace keyshift::drivers {
namespace {

class LogFilesRotationTest : public LogFilesTest {
 protected:
    void only_live_names() {
        options_.globs = {path("app.log")};
        start();
    }
    static bool some(const std::string& text) { return !text.empty(); }
};

TEST_F(LogFilesRotationTest, ReadsARenamedFileToItsEnd) {
    only_live_names();
    append("app.log", "one\n");
    EXPECT_EQ(read(), "one\n");
    append("app.log", "burst\n");
    rename("app.log", "app.log.1");
    append("app.log", "new\n");
    const std::string all = read();
    EXPECT_EQ(all.size(), 10U) << all;
    EXPECT_FALSE(last_.lossy);
}

TEST_F(LogFilesRotationTest, FollowsAWriterThatKeepsTheOldFile) {
    only_live_names();
    std::ofstream writer(path("app.log"), std::ios::app);
    writer << "one\n" << std::flush;
    EXPECT_EQ(read(), "one\n");
    rename("app.log", "app.log.1");
    append("app.log", "new\n");
    EXPECT_EQ(read(), "new\n");
    writer << "two\n" << std::flush;
    EXPECT_EQ(read(), "two\n");
    rename("app.log.1", "app.log.2");
    writer << "three\n" << std::flush;
    EXPECT_EQ(read(), "three\n");
    start();
    writer << "four\n" << std::flush;
    EXPECT_EQ(read(), "four\n");
    std::filesystem::remove(path("app.log.2"));
    writer << "five\n" << std::flush;
    EXPECT_EQ(read(), "five\n");
}

TEST_F(LogFilesRotationTest, CountsTheEndWithoutNewlineWhenItsWriterHasClosed) {
    only_live_names();
    std::ofstream writer(path("app.log"), std::ios::app);
    writer << "one\nend" << std::flush;
    EXPECT_EQ(read(), "one\n");
    rename("app.log", "app.log.1");
    EXPECT_EQ(read(), "");
    writer.close();
    EXPECT_EQ(read_until(some), "end");
    EXPECT_EQ(read(), "");
    start();
    EXPECT_EQ(read(), "");
    append("app.log.1", "late\n");
    EXPECT_EQ(read(), "late\n") << "although it had been given up";
}

/// How many seconds pass until its end counts.
class LogFilesEndTest : public LogFilesRotationTest {
 protected:
    double seconds_until(const std::string& end) {
        const auto began = std::chrono::steady_clock::now();
        std::string all;
        while (all.empty() && std::chrono::steady_clock::now() - began < 20s) {
            std::this_thread::sleep_for(100ms);
            all = read();
        }
        EXPECT_EQ(all, end);
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    }
};

TEST_F(LogFilesEndTest, CountsSoonWhenItsWriterHadClosedItBeforeItsNameWent) {
    only_live_names();
    append("app.log", "one\n");
    EXPECT_EQ(read(), "one\n");
    append("app.log", "end");
    EXPECT_EQ(read(), "");
    rename("app.log", "app.log.1");
    EXPECT_LT(seconds_until("end"), 10);
}

TEST_F(LogFilesEndTest, CountsSoonWhenItsWriterGoesOnUnderItsName) {
    append("app.log", "one\nend");
    EXPECT_EQ(read(), "one\n");
    rename("app.log", "app.log.1");
    start();  // Who closes it is not seen.
    std::this_thread::sleep_for(50ms);
    append("app.log", "two\n");
    EXPECT_EQ(read(), "two\n");
    EXPECT_LT(seconds_until("end"), 10);
}

TEST_F(LogFilesRotationTest, CountsTheEndWithoutNewlineWhenNothingComesAnyMore) {
    options_.give_up_after = 30ms;
    only_live_names();
    std::ofstream writer(path("app.log"), std::ios::app);
    writer << "one\nend" << std::flush;
    EXPECT_EQ(read(), "one\n");
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(read(), "") << "it is still there";
    std::filesystem::remove(path("app.log"));
    read();
    EXPECT_LE(input_->max_poll_interval(), 30ms);
    EXPECT_EQ(read_until(some), "end");
    EXPECT_FALSE(last_.lossy);
    read();
    for (const auto& [name, text] : cursor_) EXPECT_EQ(name, "looked") << "forgotten, but " << text;
}

TEST_F(LogFilesRotationTest, FindsARestThatWasRotatedWhileItWasDown) {
    only_live_names();
    append("app.log", "one\n");
    EXPECT_EQ(read(), "one\n");
    append("app.log", "two\n");
    rename("app.log", "app.log-20261125");
    append("app.log", "new\n");
    start();
    const std::string all = read();
    EXPECT_EQ(all.size(), 8U) << all;
    EXPECT_FALSE(last_.lossy);
    start();
    EXPECT_EQ(read(), "");
}

TEST_F(LogFilesRotationTest, FindsAllThatWasRotatedTwice) {
    append("app.log", "one\n");
    EXPECT_EQ(read(), "one\n");
    append("app.log", "two\n");
    rename("app.log", "app.log.1");
    append("app.log", "three\n");
    rename("app.log.1", "app.log.2");
    rename("app.log", "app.log.1");
    append("app.log", "four\n");
    start();
    std::string all = read();
    EXPECT_EQ(all.size(), 15U) << all;
    append("app.log", "five\n");
    rename("app.log.2", "app.log.3");
    rename("app.log.1", "app.log.2");
    rename("app.log", "app.log.1");
    append("app.log", "six\n");
    rename("app.log.3", "app.log.4");
    rename("app.log.2", "app.log.3");
    rename("app.log.1", "app.log.2");
    rename("app.log", "app.log.1");
    append("app.log", "seven\n");
    all = read();
    EXPECT_EQ(all.size(), 15U) << all;
    EXPECT_FALSE(last_.lossy);
}

TEST_F(LogFilesRotationTest, SaysWhenARestIsGone) {
    append("app.log", "one\n");
    EXPECT_EQ(read(), "one\n");
    std::filesystem::remove(path("app.log"));
    append("app.log", "new\n");
    start();
    EXPECT_EQ(read(), "new\n");
    EXPECT_EQ(read(), "");
    bool lossy = last_.lossy;
    EXPECT_EQ(cursor_.size(), 3U) << "it may be on its way";
    std::this_thread::sleep_for(1s);
    EXPECT_EQ(read(), "");
    lossy = lossy || last_.lossy;
    EXPECT_TRUE(lossy);
    EXPECT_EQ(cursor_.size(), 2U) << "forgotten";
}

TEST_F(LogFilesRotationTest, LosesNothingWhenAFinishedFileIsGone) {
    options_.give_up_after = 0s;
    only_live_names();
    append("app.log", "one\n");
    EXPECT_EQ(read(), "one\n");
    rename("app.log", "app.log.1");
    append("app.log", "two\n");
    EXPECT_EQ(read(), "two\n");
    read();
    std::filesystem::remove(path("app.log.1"));
    start();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(read(), "");
        EXPECT_FALSE(last_.lossy);
        std::this_thread::sleep_for(500ms);
    }
    EXPECT_EQ(cursor_.size(), 2U) << "forgotten";
}

TEST_F(LogFilesRotationTest, KeepsRecordsWhileADirectoryIsAway) {
    std::filesystem::create_directory(path("mount"));
    options_.globs = {path("mount/*.log")};
    start();
    append("mount/app.log", "one\n");
    EXPECT_EQ(read(), "one\n");
    rename("mount", "away");
    start();
    for (int i = 0; i < 3; ++i) read();
    rename("away", "mount");
    append("mount/app.log", "two\n");
    EXPECT_EQ(read(), "two\n");
}

TEST_F(LogFilesRotationTest, ReadsANewFileUnderAnOldInode) {
    append("app.log", "an old line of some length\n");
    EXPECT_EQ(read(), "an old line of some length\n");
    // As if the same inode had been given to another file.
    truncate("app.log");
    append("app.log", "another line that is even longer than the old one\n");
    start();
    EXPECT_EQ(read(), "another line that is even longer than the old one\n");
    EXPECT_TRUE(last_.lossy);
}

}  // namespace
}  // namespace keyshift::drivers
