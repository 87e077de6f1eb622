// SPDX-License-Identifier: Apache-2.0
// What is a line of Docker's is decided in one place, LineReader, so that docker_whole and docker_unwrap
// cannot disagree on it; surely_whole() only saves asking it.
#include "formats/docker_log.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <simdjson.h>

namespace keyshift::formats {
namespace {

enum Stream : std::size_t { standard_output, standard_error, kStreams };

/// What one line adds to a message.
struct Part {
    Stream stream;
    std::string_view text;  ///< valid until the next line is read; the newline at the end of a message is off
    bool last;
};

class LineReader {
 public:
    /// Lines are parts of `block`: bytes behind them can be read where they stand.
    explicit LineReader(std::string_view block) : end_(block.data() + block.size()) {}

    /// Empty when the line is none of Docker's.
    std::optional<Part> read(std::string_view line) {
        simdjson::dom::object fields;
        std::string_view text;
        std::string_view stream;
        if (line.empty() || line.front() != '{') return {};
        if (parse(line).get(fields) != simdjson::SUCCESS) return {};
        if (fields["log"].get(text) != simdjson::SUCCESS) return {};
        if (fields["stream"].get(stream) != simdjson::SUCCESS) return {};
        if (stream != "stdout" && stream != "stderr") return {};
        const bool last = text.ends_with('\n');
        if (last) text.remove_suffix(1);
        return Part{stream == "stdout" ? standard_output : standard_error, text, last};
    }

 private:
    /// The parser reads some bytes beyond the end of its text.
    simdjson::simdjson_result<simdjson::dom::element> parse(std::string_view line) {
        const char* begin = line.data();
        if (static_cast<std::size_t>(end_ - (begin + line.size())) < simdjson::SIMDJSON_PADDING) {
            padded_ = line;
            padded_.append(simdjson::SIMDJSON_PADDING, '\0');
            begin = padded_.data();
        }
        return parser_.parse(begin, line.size(), false);
    }

    const char* end_;
    std::string padded_;
    simdjson::dom::parser parser_;
};

/// A stream's message of which the last part has not come yet.
struct Unfinished {
    bool open = false;
    std::size_t behind = 0;  ///< where its last part so far ends in the block
    std::string text;        ///< of its parts; docker_whole does not keep it

    bool given_up(std::size_t at) const { return open && at - behind > kDockerWait; }
};
using Streams = std::array<Unfinished, kStreams>;

/// With its newline if there is one.
std::string_view line_at(std::string_view block, std::size_t begin) {
    const std::size_t newline = block.find('\n', begin);
    return block.substr(begin, newline == std::string_view::npos ? newline : newline + 1 - begin);
}

/// True only for lines that, if they are Docker's, are the last of a message: the first string in it, the
/// text, ends in \n.
bool surely_whole(std::string_view line) {
    constexpr std::string_view kBegin = R"({"log":")";
    if (!line.starts_with(kBegin)) return !line.starts_with('{');
    std::size_t quote = line.find('"', kBegin.size());
    for (; quote != std::string_view::npos; quote = line.find('"', quote + 1)) {
        std::size_t escapes = 0;
        while (line[quote - 1 - escapes] == '\\') ++escapes;
        if (escapes % 2 == 0) break;
    }
    if (quote == std::string_view::npos || line[quote - 1] != 'n') return false;
    std::size_t escapes = 0;
    while (line[quote - 2 - escapes] == '\\') ++escapes;
    return escapes % 2 == 1;
}

/// Whether no message can be open at the end of `block`: nothing older than kDockerWait matters.
bool ends_whole(std::string_view block) {
    std::size_t end = block.size();
    while (end > 0 && block.size() - end <= kDockerWait) {
        const std::size_t newline = end < 2 ? std::string_view::npos : block.rfind('\n', end - 2);
        const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
        if (!surely_whole(block.substr(begin, end - begin))) return false;
        end = begin;
    }
    return true;
}

void finish(Unfinished& message, std::string& out) {
    out += message.text;
    out += '\n';
    message = {};
}

/// A newline in what was appended behind `from` would end the message there.
void flatten(std::string& out, std::size_t from) {
    std::replace(out.begin() + static_cast<std::ptrdiff_t>(from), out.end(), '\n', ' ');
}

void add(const Part& part, Unfinished& message, std::size_t behind, std::string& out) {
    std::string& to = part.last && !message.open ? out : message.text;
    const std::size_t from = to.size();
    to += part.text;
    flatten(to, from);
    message.behind = behind;
    if (!part.last) message.open = true;
    if (!part.last) return;
    if (message.open) return finish(message, out);
    out += '\n';
}

}  // namespace

std::size_t docker_whole(std::string_view block) {
    if (ends_whole(block)) return block.size();
    LineReader reader(block);
    Streams streams;
    std::size_t whole = 0;
    for (std::size_t end = 0; end < block.size();) {
        const std::string_view line = line_at(block, end);
        end += line.size();
        if (const auto part =
                surely_whole(line) && whole + line.size() == end ? std::nullopt : reader.read(line)) {
            streams[part->stream].open = !part->last;
            streams[part->stream].behind = end;
        }
        for (Unfinished& message : streams)
            if (message.given_up(end)) message.open = false;
        if (std::none_of(streams.begin(), streams.end(), [](const auto& message) { return message.open; }))
            whole = end;
    }
    return whole;
}

void docker_unwrap(std::string_view block, std::string& out) {
    LineReader reader(block);
    Streams streams;
    for (std::size_t end = 0; end < block.size();) {
        const std::string_view line = line_at(block, end);
        end += line.size();
        if (const auto part = reader.read(line)) {
            add(*part, streams[part->stream], end, out);
        } else {
            out += line;
            if (!line.ends_with('\n')) out += '\n';
        }
        for (Unfinished& message : streams)
            if (message.given_up(end)) finish(message, out);
    }
    std::sort(streams.begin(), streams.end(),
              [](const auto& a, const auto& b) { return a.behind < b.behind; });
    for (Unfinished& message : streams)
        if (message.open) finish(message, out);
}

}  // namespace keyshift::formats
