// SPDX-License-Identifier: Apache-2.0
#include "base/log/line.hpp"

#include <array>

#include <spdlog/formatter.h>

#include "base/json.hpp"
#include "base/time.hpp"
#include "base/utf8.hpp"

namespace keyshift::base::log {
namespace {

constexpr char kPart = '\x1e';   // begins a field
constexpr char kValue = '\x1f';  // ends its name

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += kPart;
    out += name;
    out += kValue;
    for (const char c : value) out += c == kPart || c == kValue ? '?' : c;
}

void append_logfmt(std::string& line, std::string_view name, std::string_view value) {
    if (!line.empty()) line += ' ';
    line += name;
    line += '=';
    const std::string text = escape_unsafe(value);
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

class LineFormatter : public spdlog::formatter {
 public:
    explicit LineFormatter(Format format) : format_(format) {}

    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        const auto append = format_ == Format::json ? append_json : append_logfmt;
        const std::string_view packed(message.payload.data(), message.payload.size());
        std::string line;
        append(line, "ts", format_rfc3339(std::chrono::floor<Duration>(message.time)));
        message.color_range_start = out.size() + line.size() + 1;  // behind the separator
        append(line, "level", level_name(level_of(message.level)));
        message.color_range_end = out.size() + line.size();
        append(line, "msg", message_of(packed));
        each_field(packed, [&](std::string_view name, std::string_view value) { append(line, name, value); });
        line += format_ == Format::json ? "}\n" : "\n";
        out.append(line.data(), line.data() + line.size());
    }
    std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<LineFormatter>(format_);
    }

 private:
    Format format_;
};

}  // namespace

std::string_view level_name(Level level) {
    constexpr std::array<std::string_view, 4> kNames{"debug", "info", "warn", "error"};
    return kNames.at(static_cast<std::size_t>(level));
}

int spdlog_level(Level level) {
    return static_cast<int>(level) + static_cast<int>(spdlog::level::debug);
}

Level level_of(int spdlog_level) {
    return static_cast<Level>(spdlog_level - static_cast<int>(spdlog::level::debug));
}

std::string pack(std::string_view message, Fields fields) {
    std::string out(message);
    for (const Field& field : fields) append_field(out, field.name, field.value);
    return out;
}

std::string_view message_of(std::string_view packed) {
    return packed.substr(0, packed.find(kPart));
}

void each_field(std::string_view packed,
                const std::function<void(std::string_view name, std::string_view value)>& handle) {
    for (std::size_t at = packed.find(kPart); at != std::string_view::npos;) {
        const std::size_t end = packed.find(kPart, at + 1);
        const std::string_view field =
            packed.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
        const std::size_t name = field.find(kValue);
        handle(field.substr(0, name), field.substr(name + 1));
        at = end;
    }
}

std::string packed_with(std::string_view packed, std::string_view name, std::string_view value) {
    std::string out(packed);
    append_field(out, name, value);
    return out;
}

std::string logfmt(std::string_view packed) {
    std::string out;
    append_logfmt(out, "msg", message_of(packed));
    each_field(packed,
               [&](std::string_view name, std::string_view value) { append_logfmt(out, name, value); });
    return out;
}

std::unique_ptr<spdlog::formatter> make_formatter(Format format) {
    return std::make_unique<LineFormatter>(format);
}

}  // namespace keyshift::base::log
