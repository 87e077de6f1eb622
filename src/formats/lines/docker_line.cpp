// SPDX-License-Identifier: Apache-2.0
// What is a line of Docker's is decided in one place, DockerLines::read; is_surely_last() only saves asking
// it.
#include "formats/lines/docker_line.hpp"

#include <cstddef>
#include <string>

#include <simdjson.h>

namespace keyshift::formats {

struct DockerLines::Parser {
    /// The parser reads some bytes beyond the end of its text: of `block`, or of a copy.
    simdjson::simdjson_result<simdjson::dom::element> parse(std::string_view block, std::string_view line) {
        const char* begin = line.data();
        const char* const end = block.data() + block.size();
        if (static_cast<std::size_t>(end - (begin + line.size())) < simdjson::SIMDJSON_PADDING) {
            padded = line;
            padded.append(simdjson::SIMDJSON_PADDING, '\0');
            begin = padded.data();
        }
        return parser.parse(begin, line.size(), false);
    }

    std::string padded;
    simdjson::dom::parser parser;
};

DockerLines::DockerLines() : parser_(std::make_unique<Parser>()) {}
DockerLines::~DockerLines() = default;
DockerLines::DockerLines(DockerLines&&) noexcept = default;
DockerLines& DockerLines::operator=(DockerLines&&) noexcept = default;

std::optional<MessagePart> DockerLines::read(std::string_view block, std::string_view line) {
    simdjson::dom::object fields;
    std::string_view text;
    std::string_view stream;
    if (line.empty() || line.front() != '{') return {};
    if (parser_->parse(block, line).get(fields) != simdjson::SUCCESS) return {};
    if (fields["log"].get(text) != simdjson::SUCCESS) return {};
    if (fields["stream"].get(stream) != simdjson::SUCCESS) return {};
    if (stream != "stdout" && stream != "stderr") return {};
    const bool last = text.ends_with('\n');
    if (last) text.remove_suffix(1);
    return MessagePart{stream == "stdout" ? LogStream::standard_output : LogStream::standard_error, text,
                       last};
}

bool is_surely_last(std::string_view line) {
    constexpr std::string_view kText = R"({"log":")";
    if (!line.starts_with(kText)) return !line.starts_with('{');
    std::size_t quote = line.find('"', kText.size());
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

}  // namespace keyshift::formats
