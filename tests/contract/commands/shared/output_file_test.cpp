// SPDX-License-Identifier: Apache-2.0
// output_file.hpp on real files: a result that is not complete replaces nothing, and nobody else may read it.
#include "commands/shared/output_file.hpp"

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/temporary_directory.hpp"

namespace keyshift::commands {
namespace {

namespace fs = std::filesystem;
using base::Errc;

class OutputFile : public testing::Test {
 protected:
    static std::string content(const fs::path& file) {
        std::ifstream stream(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    std::ptrdiff_t files() const {
        return std::distance(fs::directory_iterator(directory_.path()), fs::directory_iterator());
    }
    static void write(Output& output, std::string text) {
        const auto written = output.write(text);
        ASSERT_TRUE(written) << written.error().text();
        EXPECT_EQ(text, "") << "it is cleared, so that it is not written again";
    }

    const TemporaryDirectory directory_{"output"};
    const fs::path target_ = directory_.path() / "report.csv";
};

TEST_F(OutputFile, AppearsWhenItIsCompleteAndIsItsUsersAlone) {
    auto output = Output::open(target_);
    ASSERT_TRUE(output) << output.error().text();
    write(*output, "one\n");
    write(*output, "two\n");
    EXPECT_FALSE(fs::exists(target_));
    ASSERT_TRUE(output->finish());
    EXPECT_EQ(content(target_), "one\ntwo\n");
    EXPECT_EQ(fs::status(target_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(files(), 1);
}

TEST_F(OutputFile, MayBeForEverybody) {
    auto output = Output::open(target_, Readers::everybody);
    ASSERT_TRUE(output) << output.error().text();
    ASSERT_TRUE(output->finish());
    EXPECT_EQ(fs::status(target_).permissions(), fs::perms::owner_read | fs::perms::owner_write |
                                                     fs::perms::group_read | fs::perms::others_read);
}

TEST_F(OutputFile, ThatIsNotFinishedLeavesWhatWasThere) {
    std::ofstream(target_) << "before";
    {
        auto output = Output::open(target_);
        ASSERT_TRUE(output);
        write(*output, "half");
        EXPECT_EQ(files(), 2) << "it is written beside it";
        const Output moved = std::move(*output);
    }
    EXPECT_EQ(content(target_), "before");
    EXPECT_EQ(files(), 1) << "nothing is left of it";
}

TEST_F(OutputFile, ReplacesWhatWasThereInOneStep) {
    std::ofstream(target_) << "before";
    auto output = Output::open(target_);
    ASSERT_TRUE(output);
    write(*output, "after");
    EXPECT_EQ(content(target_), "before");
    ASSERT_TRUE(output->finish());
    EXPECT_EQ(content(target_), "after");
    EXPECT_EQ(files(), 1);
}

TEST_F(OutputFile, ThatCannotBeMadeIsNamed) {
    const auto output = Output::open(directory_.path() / "none" / "report");
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, Errc::output);
    EXPECT_NE(output.error().what.find("none/report"), std::string::npos) << output.error().text();
}

TEST_F(OutputFile, ADeviceIsWrittenToAndItsFailureIsOne) {
    auto output = Output::open("/dev/full");
    ASSERT_TRUE(output);
    std::string text = "x";
    const auto written = output->write(text);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Errc::output);
    EXPECT_NE(written.error().what.find("/dev/full"), std::string::npos) << written.error().text();
    EXPECT_TRUE(fs::is_character_file("/dev/full")) << "and is never replaced";
}

TEST_F(OutputFile, APipeIsWrittenToUntilNobodyReadsIt) {
    ASSERT_EQ(::mkfifo(target_.c_str(), 0600), 0);
    ASSERT_NE(std::signal(SIGPIPE, SIG_IGN), SIG_ERR);
    const int reader = ::open(target_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(reader, 0);
    auto output = Output::open(target_);
    ASSERT_TRUE(output) << output.error().text();
    write(*output, "one");
    std::array<char, 8> got{};
    EXPECT_EQ(::read(reader, got.data(), got.size()), 3);
    ::close(reader);
    std::string text = "two";
    const auto written = output->write(text);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Errc::canceled) << "that is the reader's own wish";
    EXPECT_TRUE(output->finish());
    EXPECT_TRUE(fs::is_fifo(target_));
}

}  // namespace
}  // namespace keyshift::commands
