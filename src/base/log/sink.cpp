// SPDX-License-Identifier: Apache-2.0
#include "base/log/sink.hpp"

#include <array>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log/limit.hpp"
#include "base/log/line.hpp"
#include "base/shared_library.hpp"

namespace keyshift::base::log {
namespace {

using SinkPointer = std::shared_ptr<spdlog::sinks::sink>;
using spdlog::details::log_msg;

std::string_view text_of(const log_msg& message) {
    return {message.payload.data(), message.payload.size()};
}

class LimitedSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
    explicit LimitedSink(SinkPointer to) : to_(std::move(to)) {}

 protected:
    void sink_it_(const log_msg& message) override {
        const auto held_back = limit_.admit(message_of(text_of(message)), std::chrono::steady_clock::now());
        if (!held_back) return;
        if (*held_back == 0) return to_->log(message);
        const std::string text = packed_with(text_of(message), "held_back", std::to_string(*held_back));
        log_msg counted = message;
        counted.payload = spdlog::string_view_t(text.data(), text.size());
        to_->log(counted);
    }
    void flush_() override { to_->flush(); }
    void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override {
        to_->set_formatter(std::move(formatter));
    }

 private:
    SinkPointer to_;
    Limit limit_;
};

using SendToJournal = int (*)(const iovec*, int);

/// Priorities of syslog(3).
std::string_view priority_of(Level level) {
    constexpr std::array<std::string_view, 4> kPriorities{"7", "6", "4", "3"};
    return kPriorities.at(static_cast<std::size_t>(level));
}

/// The journal keeps time and level by itself, and each field under its own name: KEYSHIFT_SOURCE=statements.
class JournalSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
    explicit JournalSink(SendToJournal send) : send_(send) {}

 protected:
    void sink_it_(const log_msg& message) override {
        std::vector<std::string> fields{"MESSAGE=" + logfmt(text_of(message)),
                                        "PRIORITY=" + std::string(priority_of(level_of(message.level))),
                                        "SYSLOG_IDENTIFIER=keyshift"};
        each_field(text_of(message), [&](std::string_view name, std::string_view value) {
            std::string field = "KEYSHIFT_";
            for (const char c : name) field += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            fields.push_back(field + '=' + std::string(value));
        });
        std::vector<iovec> parts;
        for (std::string& field : fields) parts.push_back({field.data(), field.size()});
        send_(parts.data(), static_cast<int>(parts.size()));
    }
    void flush_() override {}

 private:
    SendToJournal send_;
};

/// systemd tells device and inode of the stream that it gave (systemd.exec(5), JOURNAL_STREAM).
bool stderr_is_journal() {
    const char* const told = std::getenv("JOURNAL_STREAM");  // NOLINT(concurrency-mt-unsafe): at the start
    struct stat status{};
    if (told == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
    return std::string(told) == std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino);
}

SinkPointer journal_sink() {
    if (!stderr_is_journal()) return nullptr;
    SendToJournal send = nullptr;
    const SharedLibrary library("libsystemd.so.0");
    return library.find("sd_journal_sendv", send) ? std::make_shared<JournalSink>(send) : nullptr;
}

SinkPointer stderr_sink() {
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    // https://no-color.org
    if (const char* const none = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): at the start
        none != nullptr && *none != '\0')
        sink->set_color_mode(spdlog::color_mode::never);
    return sink;
}

}  // namespace

SinkPointer make_sink() {
    SinkPointer sink = journal_sink();
    return std::make_shared<LimitedSink>(sink ? std::move(sink) : stderr_sink());
}

}  // namespace keyshift::base::log
