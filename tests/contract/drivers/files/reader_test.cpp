// SPDX-License-Identifier: Apache-2.0
#include "drivers/files/reader.hpp"

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/time.hpp"
#include "contract/drivers/logs/log_lines.hpp"
#include "contract/temporary_directory.hpp"

namespace keyshift::drivers {
namespace {

using Step = LogFileReader::Step;

class LogFileReaderTest : public testing::Test {
 protected:
    void SetUp() override {
        writer_ = Descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        ASSERT_TRUE(writer_);
        file_.descriptor = open_file(path_);
    }

    void append(const std::string& text) const {
        const auto end = ::lseek(writer_.get(), 0, SEEK_END);
        ASSERT_EQ(::pwrite(writer_.get(), text.data(), text.size(), end), static_cast<ssize_t>(text.size()));
    }
    void fill(const std::string& text) const {
        ASSERT_EQ(::ftruncate(writer_.get(), 0), 0);
        append(text);
    }

    const TemporaryDirectory directory_{"log"};
    const std::string path_ = (directory_.path() / "app.log").string();
    Descriptor writer_ = Descriptor();
    LogFile file_;
    LogFileReader reader_{{}};
    LogLines sink_;
};

TEST_F(LogFileReaderTest, GoesOnWhereItWas) {
    append("a line of some length\nhalf");
    EXPECT_EQ(reader_.step(file_, sink_), Step::at_end);
    EXPECT_EQ(sink_.take(), "a line of some length\n");
    append(" a line\n");
    EXPECT_EQ(reader_.step(file_, sink_), Step::at_end);
    EXPECT_EQ(sink_.take(), "half a line\n");
    EXPECT_EQ(reader_.take_bytes(), 34U);
}

TEST_F(LogFileReaderTest, HandsNothingOverOfAFileThatIsNotWhatItWas) {
    append("a line of some length\n");
    reader_.step(file_, sink_);
    sink_.take();
    fill("other lines of some length\nand another\n");
    EXPECT_EQ(reader_.step(file_, sink_), Step::suspect);
    EXPECT_EQ(sink_.take(), "");
}

TEST_F(LogFileReaderTest, HandsNothingOverOfAnotherBeginningThanThatItWasKnownBy) {
    file_.record.generation.head = Head::of("what has been found to be no copy\n");
    append("what has come instead\n");
    EXPECT_EQ(reader_.step(file_, sink_), Step::suspect);
    EXPECT_EQ(sink_.take(), "");
}

/// In each filling all lines are the same, and others than in any before.
TEST_F(LogFileReaderTest, NeverMixesWhatAFileHeldWithWhatItHoldsNow) {
    constexpr std::size_t kLine = 64;
    std::atomic<bool> stop = false;
    std::thread other([&] {
        for (std::size_t i = 0; !stop; ++i) {
            const std::string number = std::to_string(i);
            const std::string line = std::string(kLine - 1 - number.size(), '0') + number + '\n';
            std::string text;
            for (std::size_t lines = 0; lines < 2000 + i % 7 * 100; ++lines) text += line;
            fill(text);
        }
    });
    const auto end = base::Deadline::in(std::chrono::milliseconds(500));
    std::uint64_t read = 0;
    int mixed = 0;
    while (!end.passed()) {
        file_.record.generation = {};
        reader_.step(file_, sink_);
        const std::string text = sink_.take();
        read += text.size();
        // Each line is the one before.
        if (!text.empty() && text.compare(kLine, std::string::npos, text, 0, text.size() - kLine) != 0)
            ++mixed;
    }
    stop = true;
    other.join();
    EXPECT_GT(read, 0U);
    EXPECT_EQ(mixed, 0);
}

}  // namespace
}  // namespace keyshift::drivers
