// SPDX-License-Identifier: Apache-2.0
#include "contract/drivers/logs/directory.hpp"
#include "drivers/files/names.hpp"

namespace keyshift::drivers {
namespace {

/// Lines that differ, of 32 bytes each.
std::string numbered(int from, int to) {
    std::string out;
    for (int i = from; i < to; ++i) {
        std::string line = "line " + std::to_string(i);
        out += line + std::string(31 - line.size(), '.') + '\n';
    }
    return out;
}

class LogFilesTruncationTest : public LogFilesTest {};

TEST_F(LogFilesTruncationTest, ReadsTheSameLinesAgainBehindARotation) {
    const std::string same = numbered(0, 50);
    append("app.log", same + same);
    EXPECT_EQ(read(), same + same);
    rename("app.log", "app.log.1");
    append("app.log", same);
    EXPECT_EQ(read(), same);
    copy("app.log", "app.log.2");
    truncate("app.log");
    EXPECT_EQ(read(), "");
    append("app.log", same);
    EXPECT_EQ(read(), same);
}

TEST_F(LogFilesTruncationTest, ReadsAnEmptiedFileFromItsBeginning) {
    append("app.log", numbered(0, 50));
    EXPECT_EQ(read(), numbered(0, 50));
    truncate("app.log");
    EXPECT_EQ(read(), "");
    EXPECT_TRUE(last_.lossy) << "something may have been written in between";
    append("app.log", numbered(50, 60));
    EXPECT_EQ(read(), numbered(50, 60));
    EXPECT_FALSE(last_.lossy);
    start();
    EXPECT_EQ(read(), "");
}

TEST_F(LogFilesTruncationTest, SeesThatItGrewAgainAtOnce) {
    append("app.log", numbered(0, 1));
    for (const int more : {10, 50, 100}) {
        for (const bool restart : {false, true}) {
            truncate("app.log");
            read();
            append("app.log", numbered(0, 50));
            EXPECT_EQ(read(), numbered(0, 50));
            truncate("app.log");
            append("app.log", numbered(100, 100 + more));
            if (restart) start();
            EXPECT_EQ(read(), numbered(100, 100 + more));
            EXPECT_TRUE(last_.lossy);
        }
    }
}

TEST_F(LogFilesTruncationTest, CountsWhatIsLeftOfAFileThatWasCutShortOnce) {
    for (const int left : {1, 3, 20, 49}) {
        append("app.log", numbered(0, 50));
        EXPECT_EQ(read(), numbered(0, 50));
        truncate("app.log", numbered(0, left).size());
        if (left % 2 == 0) start();
        EXPECT_EQ(read(), "");
        EXPECT_TRUE(last_.lossy);
        append("app.log", numbered(60, 61));
        EXPECT_EQ(read(), numbered(60, 61));
        truncate("app.log");
        read();
    }
}

TEST_F(LogFilesTruncationTest, CountsTwiceRatherThanNotWhenTheCutIsUnknown) {
    append("app.log", numbered(0, 50));
    EXPECT_EQ(read(), numbered(0, 50));
    truncate("app.log", numbered(0, 40).size());
    append("app.log", numbered(100, 120));
    EXPECT_EQ(read(), numbered(0, 40) + numbered(100, 120));
    EXPECT_TRUE(last_.lossy);
}

TEST_F(LogFilesTruncationTest, DoesNotMindAnOlderCopyPutInItsPlace) {
    append("app.log", numbered(0, 30));
    EXPECT_EQ(read(), numbered(0, 30));
    copy("app.log", "backup");
    append("app.log", numbered(30, 60));
    EXPECT_EQ(read(), numbered(30, 60));
    copy("backup", "app.log");
    EXPECT_EQ(read(), "") << "over it: it was cut short";
    append("app.log", numbered(60, 70));
    EXPECT_EQ(read(), numbered(60, 70));
    copy("backup", "new");
    std::this_thread::sleep_for(50ms);  // Some steps of the file system's clock.
    rename("new", "app.log");
    EXPECT_EQ(read(), "") << "instead of it: all of it was counted";
    append("app.log", numbered(70, 80));
    EXPECT_EQ(read(), numbered(70, 80));
}

TEST_F(LogFilesTruncationTest, MissesTheHalfLineThatAFileHeld) {
    append("app.log", std::string(2000, 'x'));
    EXPECT_EQ(read(), "");
    truncate("app.log");
    append("app.log", numbered(0, 100));
    EXPECT_EQ(read(), numbered(0, 100));
    EXPECT_TRUE(last_.lossy);
}

TEST_F(LogFilesTruncationTest, PassesOverTheHoleThatAWriterLeavesWhoDoesNotAppend) {
    std::ofstream writer(path("app.log"));
    writer << numbered(0, 20'000) << std::flush;
    EXPECT_EQ(read(), numbered(0, 20'000));
    truncate("app.log");
    writer << numbered(0, 10) << std::flush;
    EXPECT_EQ(read(), numbered(0, 10));
    start();
    writer << numbered(10, 20) << std::flush;
    EXPECT_EQ(read(), numbered(10, 20));
    EXPECT_EQ(oversized_, 0);
}

/// Where the copy is: under a name that the globs cover, or beside.
class LogFilesCopyTest : public LogFilesTest, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Places, LogFilesCopyTest, testing::Values("app.log.1", "saved.log"));

TEST_P(LogFilesCopyTest, IsReadFromWhereItsOriginalHadBeenReadTo) {
    append("app.log", numbered(0, 50));
    EXPECT_EQ(read(), numbered(0, 50));
    append("app.log", numbered(50, 60));
    copy("app.log", GetParam());
    truncate("app.log");
    append("app.log", numbered(60, 65));
    std::string all = read();
    EXPECT_EQ(all.size(), numbered(50, 65).size()) << all;
    EXPECT_FALSE(last_.lossy);
    EXPECT_EQ(read(), "");
    start();
    EXPECT_EQ(read(), "");
}

TEST_P(LogFilesCopyTest, IsFoundAfterARestart) {
    append("app.log", numbered(0, 50));
    EXPECT_EQ(read(), numbered(0, 50));
    append("app.log", numbered(50, 60));
    start();
    copy("app.log", GetParam());
    truncate("app.log");
    append("app.log", numbered(60, 65));
    start();
    std::string all = read();
    EXPECT_EQ(all.size(), numbered(50, 65).size()) << all;
    EXPECT_FALSE(last_.lossy);
    start();
    EXPECT_EQ(read(), "");
}

TEST_P(LogFilesCopyTest, IsNotCountedWhileItIsMade) {
    append("app.log", numbered(0, 5000));
    EXPECT_EQ(read(), numbered(0, 5000));
    append(GetParam(), numbered(0, 1000));
    EXPECT_EQ(read(), "");
    append(GetParam(), numbered(1000, 4000));
    EXPECT_EQ(read(), "");
    start();
    append("app.log", numbered(5000, 5100));
    EXPECT_EQ(read(), numbered(5000, 5100)) << "the original goes on";
    append(GetParam(), numbered(4000, 5100));
    append("app.log", numbered(5100, 5101));
    EXPECT_EQ(read(), numbered(5100, 5101));
    truncate("app.log");
    EXPECT_EQ(read(), "");
    EXPECT_FALSE(last_.lossy);
    append("app.log", numbered(0, 5));
    EXPECT_EQ(read(), numbered(0, 5));
}

TEST_P(LogFilesCopyTest, IsReadThoughItWasCutOffByACrash) {
    append("app.log", numbered(0, 50));
    EXPECT_EQ(read(), numbered(0, 50));
    append("app.log", numbered(50, 20'000));
    copy("app.log", GetParam());
    truncate("app.log");
    std::string all = read(0s);
    while (last_.more) {
        start();
        all += read(0s);
    }
    EXPECT_EQ(all, numbered(50, 20'000));
}

TEST_F(LogFilesCopyTest, IsLeftAloneWhenItsOriginalStays) {
    append("app.log", numbered(0, 500));
    EXPECT_EQ(read(), numbered(0, 500));
    copy("app.log", "app.log.backup");
    EXPECT_EQ(read(), "");
    start();
    EXPECT_EQ(read(), "");
    append("app.log", numbered(500, 501));
    EXPECT_EQ(read(), numbered(500, 501));
    rename("app.log", "app.log.1");
    append("app.log", numbered(501, 502));
    EXPECT_EQ(read(), numbered(501, 502));
    start();
    EXPECT_EQ(read(), "");
    append("app.log.backup", numbered(900, 901));
    EXPECT_EQ(read(), numbered(900, 901));
}

TEST_F(LogFilesCopyTest, OfAnEarlierTimeDoesNotEndTheWaitOfALaterOne) {
    append("app.log", numbered(0, 6));
    EXPECT_EQ(read(), numbered(0, 6));
    truncate("app.log");
    append("app.log", "another line that is longer than the first ones\n" + numbered(100, 110));
    EXPECT_EQ(read().size(), 368U);
    copy("app.log", "app.log.1");
    EXPECT_EQ(read(), "");
    append("app.log.1", "but it is a log\n");
    EXPECT_EQ(read().size(), 384U);
}

TEST_F(LogFilesCopyTest, MayBeOfAFileThatWasEmptiedInTheSameMoment) {
    append("app.log", numbered(0, 50));
    EXPECT_EQ(read(), numbered(0, 50));
    truncate("app.log");
    append("app.log", numbered(100, 300));
    copy("app.log", "app.log.1");
    EXPECT_EQ(read(), numbered(100, 300));
}

TEST_F(LogFilesCopyTest, MayBeWrittenOverAnOlderOne) {
    append("app.log", numbered(0, 50));
    append("app.log.1", numbered(1000, 1100));
    read();
    append("app.log", numbered(50, 60));
    copy("app.log", "app.log.1");
    EXPECT_EQ(read(), numbered(50, 60));
    truncate("app.log");
    append("app.log", numbered(60, 70));
    EXPECT_EQ(read(), numbered(60, 70));
}

TEST_F(LogFilesCopyTest, MayTurnUpLater) {
    append("app.log", numbered(0, 50));
    EXPECT_EQ(read(), numbered(0, 50));
    append("app.log", numbered(50, 60));
    std::filesystem::create_directory(path("elsewhere"));
    copy("app.log", "elsewhere/copy");
    truncate("app.log");
    EXPECT_EQ(read(), "");
    EXPECT_TRUE(last_.lossy);
    start();
    EXPECT_EQ(read(), "");
    rename("elsewhere/copy", "app.log.1");
    EXPECT_EQ(read(), numbered(50, 60));
}

TEST_F(LogFilesCopyTest, IsNotEveryLogThatBeginsAlike) {
    const std::string banner = "a banner of some length\n";
    append("app.log", banner + numbered(0, 10));
    EXPECT_EQ(read(), banner + numbered(0, 10));
    append("app.log.other", banner);
    EXPECT_EQ(read(), "") << "so far it could be a copy";
    append("app.log.other", numbered(20, 21));
    EXPECT_EQ(read(), banner + numbered(20, 21));
    truncate("app.log");
    append("app.log.third", banner + numbered(30, 50));
    EXPECT_EQ(read(), banner + numbered(30, 50));
}

TEST_F(LogFilesCopyTest, CountsOnceWhenItsOriginalIsRemovedAtOnce) {
    for (const int size : {5, 100}) {
        const std::string name = "app.log." + std::to_string(size);
        append("app.log", numbered(size, 2 * size));
        EXPECT_EQ(read(), numbered(size, 2 * size));
        copy("app.log", name);
        std::filesystem::remove(path("app.log"));
        append("app.log", numbered(1000, 1005));
        EXPECT_EQ(read(), numbered(1000, 1005));
        append(name, numbered(2000, 2001));
        EXPECT_EQ(read(), numbered(2000, 2001)) << "from where the copy ended";
        append("app.log", numbered(1005, 1006));
        EXPECT_EQ(read(), numbered(1005, 1006));
        std::filesystem::remove(path(name));
        std::filesystem::remove(path("app.log"));
        read();
    }
}

TEST_F(LogFilesCopyTest, OfAnOlderTimeInItsPlaceGrowsOn) {
    append("app.log", numbered(0, 2000));
    EXPECT_EQ(read(), numbered(0, 2000));
    copy("app.log", "backup");
    append("app.log", numbered(2000, 2010));
    EXPECT_EQ(read(), numbered(2000, 2010));
    std::this_thread::sleep_for(50ms);
    rename("backup", "app.log");
    append("app.log", numbered(3000, 3003));
    EXPECT_EQ(read(), numbered(3000, 3003));
    start();
    EXPECT_EQ(read(), "");
}

TEST_F(LogFilesCopyTest, OfARotatedFileIsNothingNew) {
    append("app.log", numbered(0, 100));
    EXPECT_EQ(read(), numbered(0, 100));
    rename("app.log", "app.log.1");
    append("app.log", numbered(100, 101));
    EXPECT_EQ(read(), numbered(100, 101));
    std::this_thread::sleep_for(50ms);
    copy("app.log.1", "app.log.1.orig");
    EXPECT_EQ(read(), "");
    start();
    EXPECT_EQ(read(), "");
}

TEST_F(LogFilesCopyTest, WithoutAnOriginalOfItsNameIsAnotherLogAfterAWhile) {
    options_.globs = {path("*/app.log")};
    for (const char* directory : {"a", "b"}) std::filesystem::create_directory(path(directory));
    start();
    EXPECT_EQ(read(), "");
    append("a/app.log", numbered(0, 100));
    EXPECT_EQ(read(), numbered(0, 100));
    append("b/app.log", numbered(0, 100));
    std::string all = read();
    EXPECT_EQ(all, "") << "so far it could be a copy";
    for (int i = 0; i < 120 && all.empty(); ++i) {
        std::this_thread::sleep_for(100ms);
        all = read();
    }
    EXPECT_EQ(all, numbered(0, 100));
}

TEST(LogFileNames, AreMadeOfTheNameOfTheLog) {
    for (const char* name : {"app.log.1", "app.log-20261125", "app.log~", "app.log.bak", "app.log_old",
                             "app-20261125.log", "app.1.log", "app-2026-11-25T10:00:00Z.log"})
        EXPECT_TRUE(is_named_after("/x/" + std::string(name), "/y/app.log")) << name;
    for (const char* name : {"app.log", "app-debug.log", "apps.log.1", "app.logs", "my-app.log", "app.txt",
                             "app.log1", "other.log"})
        EXPECT_FALSE(is_named_after("/x/" + std::string(name), "/y/app.log")) << name;
    EXPECT_FALSE(is_named_after("/x/app.log.2026-11-30", "/x/app.log.2026-11-29"));
}

TEST_F(LogFilesCopyTest, IsNotTakenForOneAtTheVeryFirstPoll) {
    append("app.log", numbered(0, 100));
    append("app.log.other", numbered(0, 100));
    EXPECT_EQ(read(), numbered(0, 100) + numbered(0, 100));
}

}  // namespace
}  // namespace keyshift::drivers
