// SPDX-License-Identifier: Apache-2.0
// A temporary directory of logs, and what a reader of them was handed over up to the last save.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "contract/temporary_directory.hpp"
#include "drivers/logs/files.hpp"

namespace keyshift::drivers {

using namespace std::chrono_literals;

class LogFilesTest : public testing::Test, private LogSink {
 protected:
    void SetUp() override {
        options_.globs = {path("app.log*")};
        start();
    }

    std::string path(const std::string& name) const { return (directory_ / name).string(); }
    void append(const std::string& name, const std::string& text) {
        std::ofstream(path(name), std::ios::binary | std::ios::app) << text;
    }
    void rename(const std::string& from, const std::string& to) {
        std::filesystem::rename(path(from), path(to));
    }
    void truncate(const std::string& name, std::uintmax_t size = 0) {
        std::filesystem::resize_file(path(name), size);
    }
    void copy(const std::string& from, const std::string& to) {
        std::ofstream(path(to), std::ios::binary) << std::ifstream(path(from), std::ios::binary).rdbuf();
    }

    /// A new process, with what was saved.
    void start() {
        input_.reset();
        input_ = make_log_files(options_, interrupt_);
        input_->resume(cursor_);
    }

    /// All that one read() hands over, as one text; a failure is in it.
    std::string read(base::Duration time = 10s) {
        text_.clear();
        const auto result = input_->read(*this, base::Deadline::in(time));
        if (!result) return "! " + result.error().what;
        last_ = *result;
        for (const auto& [name, text] : result->cursor) {
            if (text) {
                cursor_[name] = *text;
            } else {
                cursor_.erase(name);
            }
        }
        return text_;
    }
    /// Until `done`, or some seconds.
    std::string read_until(const std::function<bool(const std::string&)>& done) {
        std::string all = read();
        for (int i = 0; i < 500 && !done(all); ++i) {
            std::this_thread::sleep_for(10ms);
            all += read();
        }
        return all;
    }

    Interrupt interrupt_;
    const TemporaryDirectory own_{"logs"};
    const std::filesystem::path directory_ = own_.path();
    LogFilesOptions options_;
    std::unique_ptr<LogInput> input_;
    LogCursor cursor_;
    LogRead last_;
    int oversized_ = 0;

 private:
    void lines(std::string_view block) override {
        EXPECT_LE(block.size(), kLogBlock);
        EXPECT_FALSE(block.empty());
        text_ += block;
    }
    void oversized() override { ++oversized_; }

    std::string text_;
};

}  // namespace keyshift::drivers
