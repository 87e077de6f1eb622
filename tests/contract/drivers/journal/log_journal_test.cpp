// SPDX-License-Identifier: Apache-2.0
// log_journal.hpp on real journal files.
#include "drivers/journal/log_journal.hpp"

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "contract/drivers/journal/writer.hpp"
#include "contract/drivers/logs/log_lines.hpp"

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Errc;
using testing::HasSubstr;
using namespace std::chrono_literals;

/// Overwrites `size` bytes around the first place where `text` is.
void damage(const std::filesystem::path& path, const std::string& text, std::streamoff size) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const std::string all(std::istreambuf_iterator<char>(file), {});
    const std::size_t at = all.find(text);
    ASSERT_NE(at, std::string::npos);
    file.seekp(static_cast<std::streamoff>(at) - size / 2);
    file << std::string(static_cast<std::size_t>(size), '\xA5');
    ASSERT_TRUE(file.flush());
}

class LogJournalTest : public testing::Test {
 protected:
    LogJournalTest() { options_.directory = writer_.directory(); }

    void open() { input_ = make_log_journal(options_, interrupt_); }
    /// As after kill -9: what was saved with the last read is there, nothing else.
    void restart() {
        open();
        input_->resume(saved_);
    }
    LogRead read(Deadline deadline = Deadline::in(20s)) {
        if (!input_) open();
        auto got = input_->read(lines_, deadline);
        EXPECT_TRUE(got) << got.error().text();
        if (!got) return {};
        for (const auto& [name, text] : got->cursor) {
            if (text)
                saved_[name] = *text;
            else
                saved_.erase(name);
        }
        return *got;
    }
    std::string read_lines() {
        const LogRead got = read();
        EXPECT_FALSE(got.more);
        EXPECT_FALSE(got.lossy);
        if (lines_.too_long == 0) {
            EXPECT_EQ(got.bytes, lines_.text.size());
        }
        return lines_.take();
    }

    JournalWriter writer_;
    Interrupt interrupt_;
    LogJournalOptions options_{{"gateway"}, {}, {}, false};
    std::unique_ptr<LogInput> input_;
    LogCursor saved_;
    LogLines lines_;
};

TEST_F(LogJournalTest, MessagesOfAnyOfTheUnits) {
    options_.units = {"gateway", "other.service", "a.socket"};
    writer_.write({said("one"), said("no", "gateway.socket"), said("two", "other.service"),
                   said("three", "a.socket"), said("no", "another.service"), said("four")});
    EXPECT_EQ(read_lines(), "one\ntwo\nthree\nfour\n");
    EXPECT_EQ(read_lines(), "");
}

TEST_F(LogJournalTest, EveryMatchHasToHold) {
    options_.matches = {"PRIORITY=6", "_UID=7"};
    const auto with = [](std::string message, const char* priority, const char* uid) {
        JournalEntry entry = said(std::move(message));
        entry.emplace_back("PRIORITY", priority);
        entry.emplace_back("_UID", uid);
        return entry;
    };
    JournalEntry other = with("no", "6", "7");
    other[0].second = "other.service";
    writer_.write({with("no", "5", "7"), with("yes", "6", "7"), with("no", "6", "8"), said("no"), other});
    EXPECT_EQ(read_lines(), "yes\n");
    options_.units.clear();
    open();
    EXPECT_EQ(read_lines(), "yes\nno\n");
}

TEST_F(LogJournalTest, OneFieldMayHaveToHoldTwoValues) {
    options_.units.clear();
    options_.matches = {"TAG=a", "TAG=b"};
    JournalEntry both = said("both");
    both.emplace_back("TAG", "a");
    both.emplace_back("TAG", "b");
    JournalEntry one = said("one");
    one.emplace_back("TAG", "a");
    writer_.write({one, both});
    EXPECT_EQ(read_lines(), "both\n");
}

TEST_F(LogJournalTest, AMessageOfAnyBytesIsOneLine) {
    writer_.write({said(std::string("nul \0 \xff\x1b[31m", 12)),
                   said("forged\n2026 INFO line\r\nend"),
                   said(""),
                   said("ends in one\n"),
                   said("two\n\n"),
                   {{"_SYSTEMD_UNIT", "gateway.service"}, {"A", "b"}}});
    const LogRead got = read();
    EXPECT_EQ(lines_.take(), std::string("nul \0 \xff\x1b[31m\n", 13) +
                                 "forged 2026 INFO line\r end\n\nends in one\ntwo \n");
    EXPECT_TRUE(got.lossy) << "an entry without a message";
}

TEST_F(LogJournalTest, ATooLongMessageIsPassedOver) {
    // Libsystemd packs what is long: a text that packs well and one that does not.
    std::string noise;
    for (std::uint32_t i = 0, x = 1; i < kLogBlock; ++i)
        noise += static_cast<char>('a' + (x = x * 1664525 + 1013904223) % 26);
    writer_.write({said("before"), said(std::string(kLogBlock, 'x')), said(std::string(kLogBlock - 1, 'y')),
                   said(noise + noise), said(noise.substr(1)), said("after")});
    EXPECT_EQ(read_lines(),
              "before\n" + std::string(kLogBlock - 1, 'y') + "\n" + noise.substr(1) + "\nafter\n");
    EXPECT_EQ(lines_.too_long, 2);
}

TEST_F(LogJournalTest, GoesOnAfterARestart) {
    writer_.write({said("one"), said("two")});
    EXPECT_EQ(read_lines(), "one\ntwo\n");
    restart();
    EXPECT_EQ(read_lines(), "");
    writer_.write({said("three"), said("other", "other.service")});
    restart();
    EXPECT_EQ(read_lines(), "three\n");
    writer_.write({said("four")});
    EXPECT_EQ(read_lines(), "four\n");
    restart();
    EXPECT_EQ(read_lines(), "");
}

TEST_F(LogJournalTest, FromTheEndOnlyAtTheVeryFirstPoll) {
    options_.from_end = true;
    writer_.write({said("old")});
    EXPECT_EQ(read_lines(), "");
    writer_.write({said("new")});
    EXPECT_EQ(read_lines(), "new\n");
    writer_.write({said("newer")});
    restart();
    EXPECT_EQ(read_lines(), "newer\n");
}

TEST_F(LogJournalTest, WakesWhenSomethingComes) {
    writer_.write({said("one")});
    open();
    const int wake = input_->wake_fd();
    EXPECT_EQ(read_lines(), "one\n");
    pollfd wanted{wake, POLLIN, 0};
    read_lines();
    EXPECT_EQ(::poll(&wanted, 1, 0), 0);
    writer_.write({said("two")});
    EXPECT_EQ(::poll(&wanted, 1, 5000), 1);
    EXPECT_EQ(read_lines(), "two\n");
    EXPECT_EQ(::poll(&wanted, 1, 0), 0) << "would spin";
    EXPECT_EQ(input_->wake_fd(), wake);
    EXPECT_GE(input_->max_poll_interval(), 1s);
}

TEST_F(LogJournalTest, RotationLosesNothing) {
    writer_.write({said("one")});
    EXPECT_EQ(read_lines(), "one\n");
    writer_.write({said("two")});
    std::filesystem::rename(writer_.file("system"), writer_.file("system@0"));
    writer_.write({said("three")});
    EXPECT_EQ(read_lines(), "two\nthree\n");
    writer_.write({said("four")}, "user-1000");
    EXPECT_EQ(read_lines(), "four\n");
    restart();
    EXPECT_EQ(read_lines(), "");
}

TEST_F(LogJournalTest, AVacuumedFileThatHadBeenReadIsNoLoss) {
    writer_.write({said("one")}, "system@0");
    EXPECT_EQ(read_lines(), "one\n");
    writer_.write({said("two")});
    EXPECT_EQ(read_lines(), "two\n");
    std::filesystem::remove(writer_.file("system@0"));
    EXPECT_EQ(read_lines(), "");
    writer_.write({said("three")});
    EXPECT_EQ(read_lines(), "three\n");
    restart();
    EXPECT_EQ(read_lines(), "");
}

TEST_F(LogJournalTest, WhatWasVacuumedUnreadMayBeALoss) {
    writer_.write({said("one")}, "system@0");
    EXPECT_EQ(read_lines(), "one\n");
    writer_.write({said("never seen")}, "system@0");
    writer_.write({said("three")});
    std::filesystem::remove(writer_.file("system@0"));
    restart();
    const LogRead got = read();
    EXPECT_TRUE(got.lossy);
    EXPECT_EQ(lines_.take(), "three\n");
    EXPECT_EQ(read_lines(), "") << "said once";
}

TEST_F(LogJournalTest, AQuietUnitsPlaceMovesOnWithTheOthers) {
    writer_.write({said("one")}, "system@0");
    writer_.write({said("other", "other.service")});
    EXPECT_EQ(read_lines(), "one\n");
    std::filesystem::remove(writer_.file("system@0"));
    restart();
    EXPECT_EQ(read_lines(), "");
    writer_.write({said("two")});
    EXPECT_EQ(read_lines(), "two\n");
}

TEST_F(LogJournalTest, OtherMatchesAfterARestartAreNoLoss) {
    writer_.write({said("one"), said("a", "other.service"), said("two")});
    EXPECT_EQ(read_lines(), "one\ntwo\n");
    options_.units = {"other"};
    restart();
    EXPECT_EQ(read_lines(), "");
    writer_.write({said("three"), said("b", "other.service")});
    EXPECT_EQ(read_lines(), "b\n");
}

TEST_F(LogJournalTest, SplitMessagesArePutTogether) {
    options_.units = {"docker"};
    writer_.write({docker_said("aa", "one ", true), docker_said("bb", "other\n", true), said("no"),
                   docker_said("aa", "two ", true), docker_said("bb", "end", false),
                   docker_said("cc", "whole", false), docker_said("aa", "three", false),
                   said("plain", "docker.service")});
    EXPECT_EQ(read_lines(), "otherend\nwhole\none two three\nplain\n");
}

TEST_F(LogJournalTest, StreamsOfOneContainerAreNotMixed) {
    options_.units = {"docker"};
    JournalEntry error = docker_said("aa", "error ", true);
    JournalEntry error_end = docker_said("aa", "over", false);
    error[3].second = error_end[3].second = "3";
    writer_.write({docker_said("aa", "out ", true), error, docker_said("aa", "end", false), error_end});
    EXPECT_EQ(read_lines(), "out end\nerror over\n");
}

TEST_F(LogJournalTest, ARestartAnywhereInSplitMessagesLosesAndDoublesNothing) {
    options_.units = {"docker", "gateway"};
    const std::vector<JournalEntry> entries{
        said("plain 1"),
        docker_said("aa", "a1 ", true),
        docker_said("bb", "b1 ", true),
        said("plain 2"),
        docker_said("aa", "a2 ", true),
        docker_said("bb", "b2", false),
        docker_said("bb", "b3 ", true),
        docker_said("aa", "a3", false),
        said("plain 3"),
        docker_said("cc", "c1", false),
        docker_said("bb", "b4", false),
        said("plain 4"),
    };
    std::string all;
    for (const JournalEntry& entry : entries) {
        writer_.write({entry});
        restart();
        all += read_lines();
        restart();
        EXPECT_EQ(read_lines(), "");
    }
    EXPECT_EQ(all, "plain 1\nplain 2\nb1 b2\na1 a2 a3\nplain 3\nc1\nb3 b4\nplain 4\n");
    EXPECT_EQ(saved_.size(), 1U) << "nothing is unfinished";
}

TEST_F(LogJournalTest, ASplitMessageThatIsTooLongIsPassedOver) {
    options_.units = {"docker"};
    std::vector<JournalEntry> entries;
    for (std::size_t size = 0; size < 2 * kLogBlock; size += 16'384)
        entries.push_back(docker_said("aa", std::string(16'384, 'x'), true));
    entries.push_back(docker_said("aa", "end", false));
    entries.push_back(docker_said("aa", "next", false));
    writer_.write(entries);
    const LogRead got = read();
    EXPECT_FALSE(got.lossy);
    EXPECT_EQ(lines_.take(), "next\n");
    EXPECT_EQ(lines_.too_long, 1);
}

TEST_F(LogJournalTest, ADeadContainersLastPartIsNotWaitedForForEver) {
    options_.units = {"docker"};
    std::vector<JournalEntry> entries{docker_said("dead", "half ", true)};
    for (int i = 0; i < 1001; ++i) entries.push_back(docker_said("aa", "x", false));
    entries.push_back(docker_said("dead", "again", false));
    writer_.write(entries);
    std::string expected;
    for (int i = 0; i < 1000; ++i) expected += "x\n";
    EXPECT_EQ(read_lines(), expected + "half \nx\nagain\n");
}

TEST_F(LogJournalTest, ADamagedFileDoesNotHideTheOthers) {
    std::vector<JournalEntry> entries;
    for (int i = 0; i < 2000; ++i) entries.push_back(said("line " + std::to_string(i)));
    writer_.write(entries, "system@0");
    writer_.write({said("after")});
    for (const auto& [line, size] : {std::pair{1000, 64}, {700, 20'000}, {400, 100'000}}) {
        damage(writer_.file("system@0"), "MESSAGE=line " + std::to_string(line), size);
        saved_.clear();
        open();
        EXPECT_TRUE(read().lossy) << size;
        EXPECT_THAT(input_->places().at(0).problem, HasSubstr("damaged and not read, `journalctl --verify`"));
        const std::string text = lines_.take();
        EXPECT_TRUE(text.starts_with("line 0\nline 1\n"));
        EXPECT_TRUE(text.ends_with("\nafter\n"));
        EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 2001);
        EXPECT_EQ(read_lines(), "") << "said once";
        restart();
        EXPECT_EQ(read_lines(), "") << "said once";
    }
    writer_.write({said("later")});
    EXPECT_EQ(read_lines(), "later\n");
    pollfd wanted{input_->wake_fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&wanted, 1, 0), 0) << "would spin";
}

TEST_F(LogJournalTest, AFileWithoutAHeaderDoesNotHideTheOthers) {
    writer_.write({said("lost")}, "system@0");
    writer_.write({said("after")});
    std::filesystem::resize_file(writer_.file("system@0"), 5000);
    EXPECT_TRUE(read().lossy);
    EXPECT_EQ(lines_.take(), "after\n");
    EXPECT_THAT(input_->places().at(0).problem, HasSubstr("8192 bytes of its files are damaged"));
    restart();
    EXPECT_EQ(read_lines(), "");
    std::filesystem::remove(writer_.file("system@0"));
    restart();
    EXPECT_EQ(read_lines(), "");
    EXPECT_EQ(input_->places().at(0).problem, "");
}

TEST_F(LogJournalTest, ClockJumpsLoseNothing) {
    writer_.write({said("one")});
    EXPECT_EQ(read_lines(), "one\n");
    writer_.clock_jump = -3'600'000'000;
    writer_.write({said("an hour earlier")});
    EXPECT_EQ(read_lines(), "an hour earlier\n");
    writer_.clock_jump = 7'200'000'000;
    writer_.write({said("two hours later")});
    restart();
    EXPECT_EQ(read_lines(), "two hours later\n");
    writer_.clock_jump = 0;
    writer_.write({said("back")}, "system2");
    EXPECT_EQ(read_lines(), "back\n");
}

TEST_F(LogJournalTest, StopsAtTheDeadlineAndGoesOn) {
    std::vector<JournalEntry> entries;
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
        entries.push_back(said("line " + std::to_string(i)));
        expected += "line " + std::to_string(i) + "\n";
    }
    writer_.write(entries);
    const LogRead first = read(Deadline::in(0s));
    EXPECT_TRUE(first.more);
    EXPECT_GT(first.bytes, 0U);
    EXPECT_LT(first.bytes, expected.size());
    restart();
    EXPECT_FALSE(read().more);
    EXPECT_EQ(lines_.take(), expected);
    interrupt_.raise();
    writer_.write(entries);
    EXPECT_TRUE(read().more);
}

TEST_F(LogJournalTest, SaysWhyThereIsNothingToRead) {
    const auto error = [&](const std::filesystem::path& directory) {
        options_.directory = directory;
        const auto got = make_log_journal(options_, interrupt_)->read(lines_, Deadline::in(5s));
        EXPECT_FALSE(got);
        return got ? base::Error{} : got.error();
    };
    EXPECT_THAT(error(writer_.directory()).what,
                HasSubstr("no journal files in " + writer_.directory().string()));
    EXPECT_THAT(error(writer_.directory() / "none").what, HasSubstr("no journal files in"));
    EXPECT_EQ(error(writer_.directory()).code, Errc::other);
    writer_.write({said("one")});
    options_.units = {"gate*"};
    EXPECT_THAT(error(writer_.directory()).text(), HasSubstr("gate*; patterns are not taken"));
    options_.units = {};
    options_.matches = {"lower=7"};
    EXPECT_THAT(error(writer_.directory()).text(), HasSubstr("takes no match lower=7"));
}

/// As somebody who may read nothing by being root.
class Nobody {
 public:
    Nobody() {
        constexpr uid_t kNobody = 65534;
        if (root_) {
            EXPECT_EQ(::seteuid(kNobody), 0);
        }
    }
    ~Nobody() {
        if (root_) {
            EXPECT_EQ(::seteuid(0), 0);
        }
    }
    Nobody(const Nobody&) = delete;
    Nobody& operator=(const Nobody&) = delete;

 private:
    bool root_ = ::geteuid() == 0;
};

TEST_F(LogJournalTest, WithoutTheRightItSaysHowToGetIt) {
    namespace fs = std::filesystem;
    writer_.write({said("one")});
    writer_.write({said("two")}, "user-1000");
    constexpr fs::perms kRead = fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
    constexpr fs::perms kEnter = fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec;
    fs::permissions(writer_.directory(), kRead | kEnter);
    const auto close = [&](const std::string& name) { fs::permissions(writer_.file(name), fs::perms::none); };
    close("system");
    fs::permissions(writer_.file("user-1000"), kRead);
    {
        const Nobody nobody;
        const LogRead got = read();
        EXPECT_EQ(lines_.take(), "two\n");
        EXPECT_FALSE(got.lossy);
        EXPECT_EQ(got.missing, std::vector{writer_.file("system").string() + ": Permission denied"});
        ASSERT_EQ(input_->places().size(), 2U);
        EXPECT_EQ(input_->places()[1].name, writer_.file("system"));
        EXPECT_EQ(input_->places()[1].problem, "Permission denied");
    }
    close("user-1000");
    const auto denied = [&] {
        const Nobody nobody;
        open();
        const auto got = input_->read(lines_, Deadline::in(5s));
        EXPECT_FALSE(got);
        return got ? base::Error{} : got.error();
    };
    EXPECT_EQ(denied().code, Errc::permission);
    EXPECT_THAT(denied().what, HasSubstr("system.journal: Permission denied"));
    EXPECT_THAT(denied().hint, HasSubstr("SupplementaryGroups=systemd-journal"));
    EXPECT_THAT(denied().hint, HasSubstr("usermod -aG systemd-journal"));
    fs::permissions(writer_.directory(), fs::perms::owner_all);
    EXPECT_EQ(denied().code, Errc::permission);
    EXPECT_EQ(lines_.text, "");
}

TEST_F(LogJournalTest, ASplitMessagesBeginningMayBeVacuumed) {
    options_.units = {"docker"};
    writer_.write({docker_said("aa", "a1 ", true)}, "system@0");
    writer_.write({docker_said("bb", "b1", false)});
    EXPECT_EQ(read_lines(), "b1\n");
    std::filesystem::remove(writer_.file("system@0"));
    writer_.write({docker_said("aa", "a2", false)});
    restart();
    EXPECT_TRUE(read().lossy);
    EXPECT_EQ(lines_.take(), "a2\n");
    restart();
    EXPECT_EQ(read_lines(), "");
}

TEST_F(LogJournalTest, FiftyThousandEntries) {
    constexpr int kEntries = 50'000;
    std::vector<JournalEntry> entries;
    for (int i = 0; i < kEntries; ++i)
        entries.push_back(
            said("2026-01-10T00:00:00.000000Z DEBUG inferxgate::auth: verified key " + std::to_string(i)));
    writer_.write(entries);
    const auto began = std::chrono::steady_clock::now();
    read();
    const auto took = std::chrono::steady_clock::now() - began;
    const std::string text = lines_.take();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), kEntries);
    EXPECT_TRUE(text.ends_with("key 49999\n"));
    RecordProperty("microseconds", static_cast<int>(took / 1us));
}

}  // namespace
}  // namespace keyshift::drivers
