// SPDX-License-Identifier: Apache-2.0
// log_stream.hpp over pipes, a socket, regular files, and what cannot be read.
#include "drivers/logs/stream.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/drivers/logs/log_lines.hpp"
#include "contract/eventually.hpp"
#include "contract/temporary_directory.hpp"

namespace keyshift::drivers {
namespace {

using base::Deadline;
using base::Errc;
using namespace std::chrono_literals;

Deadline soon() {
    return Deadline::in(5s);
}

bool readable(int descriptor) {
    pollfd wanted{descriptor, POLLIN, 0};
    return ::poll(&wanted, 1, 0) == 1;
}

class LogStreamTest : public testing::Test {
 protected:
    void SetUp() override {
        ASSERT_EQ(::pipe(ends_.data()), 0);
        input_ = make_log_stream(ends_[0], interrupt_);
    }
    void TearDown() override {
        ::close(ends_[0]);
        hang_up();
    }

    void write(std::string_view text) {
        ASSERT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    void hang_up() {
        if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
    }
    LogRead read(Deadline deadline = soon()) {
        auto got = input_->read(lines_, deadline);
        EXPECT_TRUE(got) << got.error().text();
        return got ? *got : LogRead{};
    }

    Interrupt interrupt_;
    std::array<int, 2> ends_{-1, -1};
    std::unique_ptr<LogInput> input_;
    LogLines lines_;
};

TEST_F(LogStreamTest, HandsOverWholeLinesAndKeepsHalves) {
    EXPECT_EQ(read().bytes, 0U);
    write("one\ntwo\r\nthr");
    EXPECT_EQ(read().bytes, 12U);
    EXPECT_EQ(lines_.take(), "one\ntwo\r\n");
    write("e");
    EXPECT_EQ(read().bytes, 1U);
    EXPECT_EQ(lines_.take(), "");
    write(std::string_view("e\n\n\0\n\xff\nfour", 11));
    EXPECT_FALSE(read().more);
    EXPECT_EQ(lines_.take(), std::string("three\n\n\0\n\xff\n", 11));
}

TEST_F(LogStreamTest, AMessageOfSeveralLinesIsHandedOverWhole) {
    // Whole up to the last line that ends a message.
    input_ = make_log_stream(ends_[0], interrupt_, [](std::string_view block) {
        const std::size_t end = block.rfind("end\n");
        return end == std::string_view::npos ? 0 : end + 4;
    });
    write("a\nb\n");
    EXPECT_EQ(read().bytes, 4U);
    EXPECT_EQ(lines_.take(), "");
    write("half");
    read();
    EXPECT_EQ(lines_.take(), "");
    write(" end\nc\nd");
    read();
    EXPECT_EQ(lines_.take(), "a\nb\nhalf end\n");
    hang_up();
    read();
    EXPECT_EQ(lines_.take(), "c\nd") << "nothing more comes";
}

TEST_F(LogStreamTest, AMessageThatFillsTheBufferIsHandedOverInParts) {
    input_ = make_log_stream(ends_[0], interrupt_, [](std::string_view) { return std::size_t{0}; });
    const std::string line = std::string(16'383, 'x') + "\n";
    for (int i = 0; i < 15; ++i) {
        write(line);
        read();
        EXPECT_EQ(lines_.take(), "");
    }
    write(line);
    read();
    EXPECT_EQ(lines_.take().size(), kLogBlock);
}

TEST_F(LogStreamTest, TheLastLineNeedsNoNewline) {
    write("one\ntwo");
    hang_up();
    const LogRead got = read();
    EXPECT_EQ(got.bytes, 7U);
    EXPECT_EQ(got.lag_bytes, 0U);
    EXPECT_EQ(lines_.take(), "one\ntwo");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(read().bytes, 0U);
        EXPECT_EQ(lines_.take(), "");
    }
}

TEST_F(LogStreamTest, WakesForBytesAndNotAtTheEnd) {
    const int wake = input_->wake_fd();
    EXPECT_FALSE(readable(wake));
    write("one\n");
    EXPECT_TRUE(readable(wake));
    read();
    EXPECT_FALSE(readable(wake));
    hang_up();
    EXPECT_TRUE(readable(wake)) << "the end is something new";
    read();
    EXPECT_FALSE(readable(wake)) << "would spin for ever";
    EXPECT_EQ(input_->wake_fd(), wake);
}

TEST_F(LogStreamTest, DoesNotWaitAndLeavesTheDescriptorAsItWas) {
    const int before = ::fcntl(ends_[0], F_GETFL);
    const auto began = std::chrono::steady_clock::now();
    write("half");
    EXPECT_FALSE(read().more);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
    EXPECT_EQ(::fcntl(ends_[0], F_GETFL), before);
    EXPECT_EQ(before & O_NONBLOCK, 0);
}

TEST_F(LogStreamTest, LinesThatAreTooLongArePassedOver) {
    std::string sent = "before\n" + std::string(kLogBlock, 'x') + "\n" + std::string(kLogBlock - 1, 'y') +
                       "\nafter\n" + std::string(3 * kLogBlock + 1, 'z') + "\nlast";
    std::thread writer([&] {
        for (std::string_view rest = sent; !rest.empty();) {
            const ssize_t wrote = ::write(ends_[1], rest.data(), std::min<std::size_t>(rest.size(), 10'007));
            ASSERT_GT(wrote, 0);
            rest.remove_prefix(static_cast<std::size_t>(wrote));
        }
        hang_up();
    });
    std::uint64_t bytes = 0;
    const Deadline deadline = soon();
    while (bytes < sent.size() && !deadline.passed()) bytes += read().bytes;
    writer.join();
    read();
    EXPECT_EQ(bytes, sent.size());
    EXPECT_EQ(lines_.take(), "before\n" + std::string(kLogBlock - 1, 'y') + "\nafter\nlast");
    EXPECT_EQ(lines_.too_long, 2);
}

TEST_F(LogStreamTest, ALineThatIsTooLongMayBeTheLast) {
    std::thread writer([&] {
        const std::string sent(kLogBlock + 5, 'x');
        EXPECT_EQ(::write(ends_[1], sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
        hang_up();
    });
    const Deadline deadline = soon();
    EXPECT_TRUE(eventually([&] { return readable(input_->wake_fd()); }));
    for (std::uint64_t bytes = 0; bytes < kLogBlock + 5 && !deadline.passed();) bytes += read().bytes;
    writer.join();
    read();
    EXPECT_EQ(lines_.take(), "");
    EXPECT_EQ(lines_.too_long, 1);
    EXPECT_FALSE(readable(input_->wake_fd()));
}

TEST_F(LogStreamTest, StopsAtTheDeadlineWithWhatIsLeft) {
    ASSERT_GT(::fcntl(ends_[1], F_SETPIPE_SZ, 1 << 20), 0);
    std::string sent;
    for (int i = 0; i < 50'000; ++i) sent += "line " + std::to_string(i) + "\n";
    write(sent);
    const LogRead first = read(Deadline::in(0s));
    EXPECT_TRUE(first.more);
    EXPECT_GT(first.bytes, 0U);
    EXPECT_EQ(first.bytes + first.lag_bytes, sent.size());
    EXPECT_EQ(input_->places().at(0).read_bytes, first.bytes);
    EXPECT_EQ(input_->places().at(0).size_bytes, sent.size());
    EXPECT_FALSE(read().more);
    EXPECT_EQ(lines_.take(), sent);
}

TEST_F(LogStreamTest, AnInterruptLeavesTheRest) {
    write("one\n");
    interrupt_.raise();
    const LogRead got = read();
    EXPECT_TRUE(got.more);
    EXPECT_EQ(got.bytes, 0U);
    EXPECT_EQ(got.lag_bytes, 4U);
}

TEST_F(LogStreamTest, WhatAKilledProcessLeftInThePipeMayBeLost) {
    const LogRead first = read();
    EXPECT_FALSE(first.lossy);
    ASSERT_EQ(first.cursor.size(), 1U);
    EXPECT_TRUE(read().cursor.empty()) << "said once";
    auto again = make_log_stream(ends_[0], interrupt_);
    again->resume({{first.cursor.begin()->first, *first.cursor.begin()->second}});
    input_ = std::move(again);
    EXPECT_TRUE(read().lossy);
    EXPECT_FALSE(read().lossy);
    hang_up();
    const LogRead last = read();
    ASSERT_EQ(last.cursor.size(), 1U);
    EXPECT_EQ(last.cursor.begin()->second, std::nullopt) << "all has been read";
    EXPECT_EQ(last.cursor.begin()->first, first.cursor.begin()->first);
    EXPECT_TRUE(read().cursor.empty());
}

TEST(LogStreamKinds, ARegularFile) {
    const TemporaryDirectory directory("stream");
    const int file = ::open((directory.path() / "log").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(file, 0);
    ASSERT_EQ(::write(file, "passed\none\ntwo", 14), 14);
    ASSERT_EQ(::lseek(file, 7, SEEK_SET), 7);
    const Interrupt interrupt;
    const auto input = make_log_stream(file, interrupt);
    LogLines lines;
    EXPECT_TRUE(readable(input->wake_fd()));
    EXPECT_EQ(input->places().at(0).size_bytes, 7U);
    const auto got = input->read(lines, soon());
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(got->bytes, 7U);
    EXPECT_EQ(lines.take(), "one\ntwo");
    EXPECT_FALSE(readable(input->wake_fd()));
    ::close(file);
}

TEST(LogStreamKinds, ASocket) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    const Interrupt interrupt;
    const auto input = make_log_stream(ends[0], interrupt);
    LogLines lines;
    ASSERT_EQ(::write(ends[1], "one\ntwo", 7), 7);
    EXPECT_TRUE(readable(input->wake_fd()));
    ASSERT_TRUE(input->read(lines, soon()));
    EXPECT_EQ(lines.take(), "one\n");
    ::close(ends[1]);
    ASSERT_TRUE(input->read(lines, soon()));
    EXPECT_EQ(lines.take(), "two");
    EXPECT_FALSE(readable(input->wake_fd()));
    ::close(ends[0]);
}

TEST(LogStreamKinds, WhatCannotBeReadIsAnError) {
    const Interrupt interrupt;
    LogLines lines;
    const int directory = ::open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const auto input = make_log_stream(directory, interrupt);
    const auto got = input->read(lines, soon());
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Errc::other);
    EXPECT_NE(got.error().what.find("cannot be read: Is a directory"), std::string::npos)
        << got.error().text();
    EXPECT_EQ(input->places().at(0).problem, got.error().what);
    EXPECT_FALSE(readable(input->wake_fd())) << "no spinning on an error";
    ::close(directory);

    constexpr int kNeverOpened = 1'000'000;
    const auto closed = make_log_stream(kNeverOpened, interrupt)->read(lines, soon());
    ASSERT_FALSE(closed);
    EXPECT_NE(closed.error().what.find("it is closed"), std::string::npos) << closed.error().text();
}

}  // namespace
}  // namespace keyshift::drivers
