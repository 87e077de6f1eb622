// SPDX-License-Identifier: Apache-2.0
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "contract/drivers/logs/directory.hpp"

namespace keyshift::drivers {
namespace {

/// Not allowed everything, also where the tests run as root.
class Unprivileged {
 public:
    Unprivileged() : before_(::setfsuid(65534)) {}
    ~Unprivileged() { ::setfsuid(static_cast<uid_t>(before_)); }
    Unprivileged(const Unprivileged&) = delete;
    Unprivileged& operator=(const Unprivileged&) = delete;

 private:
    int before_;
};

class LogFilesFaultTest : public LogFilesTest {
 protected:
    void SetUp() override {
        LogFilesTest::SetUp();
        std::filesystem::permissions(directory_, std::filesystem::perms::all);
    }
    void allow(const std::string& name, mode_t mode) { ASSERT_EQ(::chmod(path(name).c_str(), mode), 0); }
};

TEST_F(LogFilesFaultTest, LeaveOutWhatIsNoFile) {
    std::filesystem::create_directory(path("app.log.d"));
    ASSERT_EQ(::mkfifo(path("app.log.pipe").c_str(), 0644), 0);
    std::filesystem::create_symlink("/dev/zero", path("app.log.zero"));
    append("app.log", "one\n");
    EXPECT_EQ(read(), "one\n");
    std::sort(last_.missing.begin(), last_.missing.end());
    const std::vector<std::string> expected{path("app.log.d") + ": is a directory",
                                            path("app.log.pipe") + ": is a pipe",
                                            path("app.log.zero") + ": is a device"};
    EXPECT_EQ(last_.missing, expected);
}

TEST_F(LogFilesFaultTest, ReadOthersWhileOneIsForbidden) {
    const Unprivileged unprivileged;
    append("app.log", "one\n");
    append("app.log.1", "two\n");
    allow("app.log.1", 0);
    EXPECT_EQ(read(), "one\n");
    EXPECT_EQ(last_.missing, std::vector<std::string>{path("app.log.1") + ": Permission denied"});
    append("app.log", "three\n");
    EXPECT_EQ(read(), "three\n");
    EXPECT_EQ(last_.missing.size(), 1U);
    ASSERT_EQ(input_->places().size(), 2U);
    EXPECT_EQ(input_->places().back().problem, "Permission denied");
    allow("app.log.1", 0644);
    EXPECT_EQ(read(), "two\n");
    EXPECT_TRUE(last_.missing.empty());
}

TEST_F(LogFilesFaultTest, GoOnWithOneThatWasForbiddenForATime) {
    const Unprivileged unprivileged;
    append("app.log", "one\n");
    append("app.log.1", "other\n");
    EXPECT_EQ(read().size(), 10U);
    allow("app.log", 0);
    start();
    EXPECT_EQ(read(), "");
    EXPECT_EQ(last_.missing, std::vector<std::string>{path("app.log") + ": Permission denied"});
    allow("app.log", 0644);
    append("app.log", "two\n");
    EXPECT_EQ(read(), "two\n");
    EXPECT_TRUE(last_.missing.empty());
}

TEST_F(LogFilesFaultTest, FailWhenNothingCanBeRead) {
    const Unprivileged unprivileged;
    append("app.log", "one\n");
    allow("app.log", 0);
    EXPECT_EQ(read(), "! no log can be read: " + path("app.log") + ": Permission denied");
    allow("app.log", 0644);
    EXPECT_EQ(read(), "one\n");
}

TEST_F(LogFilesFaultTest, BeginWhereAFileEndedThatWasThereAtTheStart) {
    const Unprivileged unprivileged;
    for (const bool restarts : {false, true}) {
        options_.from_end = true;
        cursor_.clear();
        append("app.log", "old\nhalf ");
        allow("app.log", 0);
        start();
        EXPECT_EQ(read(), "! no log can be read: " + path("app.log") + ": Permission denied");
        for (const auto& [name, text] : input_->saved_though_failed()) cursor_[name] = text.value_or("");
        EXPECT_EQ(cursor_.size(), 2U);
        if (restarts) start();
        allow("app.log", 0644);
        append("app.log", "a line\nnew\n");
        append("app.log.1", "it came later\n");
        EXPECT_EQ(read().size(), std::string("half a line\nnew\nit came later\n").size());
        start();
        EXPECT_EQ(read(), "");
        std::filesystem::remove(path("app.log"));
        std::filesystem::remove(path("app.log.1"));
    }
}

TEST_F(LogFilesFaultTest, LoseNothingOfWhatCameWhenNothingWasThere) {
    options_.from_end = true;
    options_.globs = {path("app.log")};
    for (const bool restarts : {false, true}) {
        cursor_.clear();
        start();
        EXPECT_EQ(read(), "! no log can be read: " + path("app.log") + ": No such file or directory");
        for (const auto& [name, text] : input_->saved_though_failed()) cursor_[name] = text.value_or("");
        append("app.log", "one\n");
        if (restarts) start();
        EXPECT_EQ(read(), "one\n");
        std::filesystem::remove(path("app.log"));
    }
}

TEST_F(LogFilesFaultTest, BeginAtTheEndOfWhatADirectoryHid) {
    const Unprivileged unprivileged;
    options_.from_end = true;
    options_.globs = {path("in/*.log")};
    std::filesystem::create_directory(path("in"));
    append("in/app.log", "old\n");
    std::this_thread::sleep_for(50ms);
    allow("in", 0);
    start();
    EXPECT_EQ(read().substr(0, 5), "! no ");
    allow("in", 0755);
    append("in/new.log", "new\n");
    // Nothing tells that it can be listed: the next reconciling poll finds out.
    std::string all = read();
    for (int i = 0; i < 100 && !all.ends_with('\n'); ++i) {
        std::this_thread::sleep_for(100ms);
        all = read();
    }
    EXPECT_EQ(all, "new\n");
    append("in/app.log", "more\n");
    EXPECT_EQ(read(), "more\n");
}

TEST_F(LogFilesFaultTest, TellANameThatIsNotThereFromAPatternWithoutMatches) {
    EXPECT_EQ(read(), "");
    EXPECT_TRUE(last_.missing.empty());
    options_.globs = {path("app.log")};
    start();
    EXPECT_EQ(read(), "! no log can be read: " + path("app.log") + ": No such file or directory");
    options_.globs = {path("app.log"), path("other*")};
    start();
    append("other", "one\n");
    EXPECT_EQ(read(), "one\n");
    EXPECT_EQ(last_.missing, std::vector<std::string>{path("app.log") + ": No such file or directory"});
    append("app.log", "two\n");
    EXPECT_EQ(read(), "two\n");
    EXPECT_TRUE(last_.missing.empty());
}

TEST_F(LogFilesFaultTest, ReadMoreFilesThanMayBeOpen) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    // Above what is left to others, some 70.
    const rlimit few{200, 200};
    const rlimit back{before.rlim_cur, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    start();
    std::set<std::string> expected;
    for (int i = 0; i < 500; ++i) {
        const std::string text = std::to_string(1000 + i) + "\n";
        append("app.log." + std::to_string(i), text);
        expected.insert(text);
    }
    const auto count = [&](const std::string& text) {
        std::set<std::string> got;
        for (std::size_t at = 0; at < text.size(); at += 5) got.insert(text.substr(at, 5));
        EXPECT_EQ(text.size(), 5 * got.size()) << "each once";
        return got;
    };
    EXPECT_EQ(count(read()), expected);
    EXPECT_EQ(read(), "");
    for (int i = 0; i < 500; ++i) append("app.log." + std::to_string(i), std::to_string(1000 + i) + "\n");
    EXPECT_EQ(count(read()), expected);
    for (int i = 0; i < 500; ++i) {
        append("app.log." + std::to_string(i), std::to_string(1000 + i) + "\n");
        rename("app.log." + std::to_string(i), "old." + std::to_string(i));
    }
    EXPECT_EQ(count(read()), expected) << "though no glob names them any more";
    EXPECT_FALSE(last_.lossy);
    EXPECT_TRUE(last_.missing.empty());
    // Only root gets it back; others go on with fewer.
    ::setrlimit(RLIMIT_NOFILE, &back);
}

}  // namespace
}  // namespace keyshift::drivers
