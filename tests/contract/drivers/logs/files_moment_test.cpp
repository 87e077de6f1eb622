// SPDX-License-Identifier: Apache-2.0
// What others do in the midst of a poll: the system gives no view of all files at one moment.
#include <utility>

#include <sys/resource.h>

#include "contract/drivers/logs/directory.hpp"
#include "drivers/logs/file_set.hpp"

namespace keyshift::drivers {
namespace {

using Moment = LogFileSet::Moment;

class LogFilesMomentTest : public LogFilesTest, public testing::WithParamInterface<Watching> {
 protected:
    /// A new process.
    void restart() {
        const auto meanwhile = [this](Moment moment) {
            if (act_ && moment == moment_ && skip_-- == 0) std::exchange(act_, nullptr)();
        };
        input_.reset();
        input_ = std::make_unique<LogFileSet>(options_, interrupt_, GetParam(), meanwhile);
        input_->resume(cursor_);
    }
    /// As if there had been nothing before.
    void begin_with(const std::string& text) {
        input_.reset();
        cursor_.clear();
        for (const auto& entry : std::filesystem::directory_iterator(directory_))
            std::filesystem::remove(entry);
        append("app.log", text);
        restart();
    }
    /// In the next poll, when `moment` has come for the `skip` + 1st time.
    void at(Moment moment, std::function<void()> act, int skip = 0) {
        moment_ = moment;
        skip_ = skip;
        act_ = std::move(act);
    }
    /// What several reads hand over, until there is nothing more to come at once.
    std::string read_all() {
        std::string all = read();
        lossy_ = last_.lossy;
        for (int i = 0; i < 5; ++i) {
            all += read();
            lossy_ = lossy_ || last_.lossy;
        }
        EXPECT_FALSE(act_) << "the moment has not come";
        EXPECT_FALSE(last_.more);
        return all;
    }

    bool lossy_ = false;

 private:
    Moment moment_ = Moment::named;
    int skip_ = 0;
    std::function<void()> act_;
};
INSTANTIATE_TEST_SUITE_P(Watched, LogFilesMomentTest, testing::Values(Watching::by_kernel, Watching::none));

/// Of different lengths, so that they differ early and late.
const std::string kFew = "one line\nand another line\n";
const std::string kMany = [] {
    std::string out;
    for (int i = 0; i < 2000; ++i) out += "line " + std::to_string(i) + "\n";
    return out;
}();

TEST_P(LogFilesMomentTest, AnEmptiedFileIsMovedBeforeItIsOpened) {
    for (const std::string& text : {kFew, kMany}) {
        begin_with(text);
        EXPECT_TRUE(read_all() == text);
        append("app.log", "unread\n");
        copy("app.log", "app.log.1");
        truncate("app.log");
        append("app.log", "after\n");
        restart();
        at(Moment::named, [this] {
            rename("app.log", "app.log.0");
            append("app.log", "anew\n");
        });
        EXPECT_EQ(read_all().size(), std::string("unread\nafter\nanew\n").size());
        EXPECT_FALSE(lossy_);
    }
}

TEST_P(LogFilesMomentTest, ARotatedFileWasEmptiedBeforeAndMovesAgain) {
    for (const std::string& text : {kFew, kMany}) {
        begin_with(text);
        EXPECT_TRUE(read_all() == text);
        append("app.log", "unread\n");
        copy("app.log", "app.log.1");
        truncate("app.log");
        append("app.log", "after\n");
        rename("app.log.1", "app.log.2");
        rename("app.log", "app.log.1");
        append("app.log", "anew\n");
        restart();
        at(Moment::named, [this] { rename("app.log.1", "app.log.0"); });
        EXPECT_EQ(read_all().size(), std::string("unread\nafter\nanew\n").size());
        EXPECT_FALSE(lossy_);
    }
}

/// What might have been a copy of it does not wait for it.
TEST_P(LogFilesMomentTest, AFileGoesBeforeItIsOpened) {
    begin_with(kFew);
    EXPECT_EQ(read_all(), kFew);
    const std::string other = "one line\nand another one\n";
    append("app.log.other", other);
    restart();
    at(Moment::named, [this] { std::filesystem::remove(path("app.log")); });
    EXPECT_EQ(read(), other);
    EXPECT_FALSE(last_.more);
    EXPECT_EQ(read_all(), "");
}

/// The copy is examined when it is half made, and finished before its original is examined.
TEST_P(LogFilesMomentTest, ACopyGrowsAfterItWasExamined) {
    for (const std::string& text : {kFew, kMany}) {
        for (const std::size_t part : {std::size_t{0}, text.size() / 2}) {
            begin_with(text);
            EXPECT_TRUE(read_all() == text);
            append("app.log.1", "");
            const auto finish = [&] {
                append("app.log.1", text.substr(part) + "unread\n");
                truncate("app.log");
            };
            at(Moment::proven, [&] {
                append("app.log", "unread\n");
                append("app.log.1", text.substr(0, part));
                // Behind the original, and behind the copy once more.
                at(Moment::proven, finish, 1);
            });
            EXPECT_EQ(read_all(), "unread\n") << part << " of " << text.size();
            EXPECT_FALSE(lossy_);
        }
    }
}

/// An empty file that is found to be one, and then filled.
TEST_P(LogFilesMomentTest, ACopyIsFilledAfterItWasExamined) {
    for (const std::string& text : {kFew, kMany}) {
        begin_with(text);
        EXPECT_TRUE(read_all() == text);
        append("app.log.1", "");
        at(Moment::settled, [&] { append("app.log.1", text); });
        EXPECT_EQ(read_all(), "") << text.size();
        truncate("app.log");
        EXPECT_EQ(read_all(), "");
        EXPECT_FALSE(lossy_);
    }
}

/// A copy waits for a file that was closed, since too many are open.
TEST_P(LogFilesMomentTest, AFileThatIsWaitedForIsMovedBeforeItIsOpened) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit few{200, 200};
    const rlimit back{before.rlim_cur, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    begin_with(kFew);
    EXPECT_EQ(read_all(), kFew);
    copy("app.log", "app.log.1");
    EXPECT_EQ(read_all(), "");
    for (int i = 0; i < 100; ++i) append("app.log.other" + std::to_string(i), std::to_string(i) + kMany);
    EXPECT_EQ(read_all().size(), 100 * kMany.size() + 190);
    // Else all that was written just now would be read again.
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(read_all(), "");
    truncate("app.log");
    append("app.log", "after\n");
    rename("app.log", "app.log.0");
    at(Moment::named, [this] { rename("app.log.0", "app.log.00"); });
    EXPECT_EQ(read_all(), "after\n");
    EXPECT_FALSE(lossy_);
    // Only root gets it back; others go on with fewer.
    ::setrlimit(RLIMIT_NOFILE, &back);
}

/// It is where no poll searches, several times in a row, after a restart.
TEST_P(LogFilesMomentTest, AFileIsOnItsWay) {
    begin_with(kMany);
    EXPECT_TRUE(read_all() == kMany);
    restart();
    std::filesystem::create_directory(path("on the way"));
    rename("app.log", "on the way/app.log");
    EXPECT_EQ(read_all(), "");
    EXPECT_FALSE(lossy_);
    rename("on the way/app.log", "app.log.1");
    append("app.log.1", "unread\n");
    EXPECT_EQ(read_all(), "unread\n");
    EXPECT_FALSE(lossy_);
}

}  // namespace
}  // namespace keyshift::drivers
