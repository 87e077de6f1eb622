// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>

#include <unistd.h>

#include "base/json.hpp"
#include "base/log_limit.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"

namespace keyshift::base::log {
namespace {

std::atomic<Level> threshold{Level::info};
std::atomic<Format> line_format{Format::logfmt};

constexpr std::array<std::string_view, 4> kNames{"debug", "info", "warn", "error"};

void append_logfmt(std::string& line, std::string_view name, std::string_view value) {
    if (!line.empty()) line += ' ';
    line += name;
    line += '=';
    const std::string text = visible(value);
    if (!text.empty() && text.find_first_of(" =\"\\") == std::string::npos) {
        line += text;
        return;
    }
    line += '"';
    for (const char c : text) {
        if (c == '"') line += '\\';
        line += c;
    }
    line += '"';
}

void append_json(std::string& line, std::string_view name, std::string_view value) {
    line += line.empty() ? "{" : ",";
    append_json_string(line, name);
    line += ':';
    append_json_string(line, value);
}

std::optional<std::uint64_t> admit(std::string_view message) {
    static std::mutex mutex;
    static Limit limit;
    const std::lock_guard lock(mutex);
    return limit.admit(message, std::chrono::steady_clock::now());
}

void write_line(Level level, std::string_view message, Fields fields) {
    if (level < threshold.load(std::memory_order_relaxed)) return;
    const auto held_back = admit(message);
    if (!held_back) return;
    const bool json = line_format.load(std::memory_order_relaxed) == Format::json;
    const auto append = json ? append_json : append_logfmt;
    std::string line;
    append(line, "ts", format_rfc3339(now()));
    append(line, "level", kNames.at(static_cast<std::size_t>(level)));
    append(line, "msg", message);
    for (const Field& field : fields) append(line, field.name, field.value);
    if (*held_back > 0) append(line, "held_back", std::to_string(*held_back));
    line += json ? "}\n" : "\n";
    // Nothing sensible can be done when standard error is gone.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void configure(Level level, Format format) {
    threshold = level;
    line_format = format;
}

void debug(std::string_view message, Fields fields) {
    write_line(Level::debug, message, fields);
}
void info(std::string_view message, Fields fields) {
    write_line(Level::info, message, fields);
}
void warn(std::string_view message, Fields fields) {
    write_line(Level::warn, message, fields);
}
void error(std::string_view message, Fields fields) {
    write_line(Level::error, message, fields);
}

}  // namespace keyshift::base::log
