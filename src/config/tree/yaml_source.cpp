// SPDX-License-Identifier: Apache-2.0
#include "config/tree/yaml_source.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/utf8.hpp"

namespace keyshift::config {
namespace {

struct Explanation {
    std::string_view message;  ///< how the library's message begins
    std::string_view what;
    std::string_view hint;
};

constexpr std::string_view kBracket = "close it, or quote a value that holds brackets, a comma or ${NAME}";
constexpr std::string_view kIndentation = "check the indentation of this line and the one above";
constexpr std::string_view kContinue =
    "check its indentation, and what stands behind a closing quote or bracket";
constexpr std::string_view kEscape = "use single quotes, in which a backslash is only a backslash";
constexpr std::string_view kAnchor = "write the value out, or quote it when it only starts with & or *";

constexpr std::array<Explanation, 24> kExplanations{{
    {"illegal tab", "has a tab in its indentation", "indent with spaces"},
    {"end of map flow", "has a '{' that is not closed here", kBracket},
    {"end of sequence flow", "has a '[' that is not closed here", kBracket},
    {"illegal flow end", "has a closing bracket without its opening one",
     "quote a value that holds brackets"},
    {"end of map", "does not continue the mapping above", kContinue},
    {"end of sequence", "does not continue the list above", kContinue},
    {"illegal block entry", "has a '- ' where no list item can stand", kIndentation},
    {"illegal map key", "has a key where none can stand", kIndentation},
    {"illegal map value", "has a ': ' where no key can stand",
     "quote a value that holds ': ', or check the indentation"},
    {"illegal character in scalar", "has a text with a character that must be quoted", "quote the text"},
    {"unknown token", "starts a value with a character that means something else in YAML", "quote the value"},
    {"unknown escape", "has an unknown escape in a double-quoted text", kEscape},
    {"bad character found while scanning hex", "has a wrong escape in a double-quoted text", kEscape},
    {"invalid unicode", "has a wrong escape in a double-quoted text", kEscape},
    {"the referenced anchor", "uses an alias", kAnchor},
    {"alias", "uses an alias", kAnchor},
    {"anchor", "uses an anchor", kAnchor},
    {"illegal character found while scanning a", "uses an anchor, an alias or a tag", "quote the value"},
    {"cannot assign", "uses anchors, aliases or tags", "quote the value"},
    {"illegal character found while scanning tag", "uses a tag", "quote a value that starts with !"},
    {"tag", "uses a tag", "quote a value that starts with !"},
    {"end of verbatim tag", "uses a tag", "quote a value that starts with !"},
    {"cannot set zero indentation", "has a wrong indentation number after | or >", "remove the number"},
    {"unexpected character in block", "has text after | or >", "start the text on the next line"},
}};

bool is_control(char32_t c) {
    return (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7F && c < 0xA0 && c != 0x85);
}

Problem at(std::string_view text, std::size_t offset, std::string what, std::string hint) {
    return {"", PositionFinder(text).at(offset), "", std::move(what), std::move(hint)};
}

/// Whether a tab stands in the leading white space of the line that holds `offset`.
bool tab_indents(std::string_view text, std::size_t offset) {
    const std::size_t line_start = text.substr(0, offset).rfind('\n') + 1;  // npos + 1 is 0
    const std::string_view line = text.substr(line_start);
    return line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

/// False for the bytes of a UTF-8 character behind its first.
bool starts_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

int column_of(std::string_view text, std::size_t offset) {
    const std::size_t line_start = text.substr(0, offset).rfind('\n') + 1;  // npos + 1 is 0
    return 1 + static_cast<int>(
                   std::count_if(text.begin() + line_start, text.begin() + offset, starts_character));
}

}  // namespace

Position PositionFinder::at(std::size_t offset) {
    offset = std::min(offset, text_.size());
    for (; offset_ < offset; ++offset_) {
        if (text_[offset_] == '\n') {
            position_ = {position_.line + 1, 1};
        } else if (starts_character(text_[offset_])) {
            ++position_.column;
        }
    }
    while (offset_ > offset) {
        --offset_;
        if (text_[offset_] == '\n') {
            position_ = {position_.line - 1, column_of(text_, offset_)};
        } else if (starts_character(text_[offset_])) {
            --position_.column;
        }
    }
    return position_;
}

std::optional<Problem> find_foreign_bytes(std::string_view text) {
    constexpr std::string_view kUtf8 = "save the file as UTF-8 without a byte order mark";
    if (text.starts_with("\xEF\xBB\xBF") || text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
        return at(text, 0, "starts with a byte order mark", std::string(kUtf8));
    for (std::size_t i = 0; i < text.size();) {
        const base::Decoded c = base::decode_utf8(text.substr(i));
        if (!c.valid) return at(text, i, "has a byte that is not UTF-8", std::string(kUtf8));
        const bool ends_line = c.code_point == '\r' && text.substr(i + 1).starts_with('\n');
        if (is_control(c.code_point) && !ends_line) {
            return at(text, i,
                      "has a control character (" + base::escape_unsafe(text.substr(i, c.size)) + ")",
                      "remove it");
        }
        i += c.size;
    }
    return std::nullopt;
}

Problem explain_syntax_error(std::string_view message, std::string_view text, std::size_t offset,
                             std::size_t read) {
    if (message.starts_with("illegal EOF in scalar") || message.starts_with("illegal document indicator")) {
        return at(text, std::min(text.find_first_of("\"'", read), offset), "has a quote that is never closed",
                  "close it");
    }
    if (tab_indents(text, offset))
        return at(text, offset, "has a tab in its indentation", "indent with spaces");
    const auto* const found =
        std::find_if(kExplanations.begin(), kExplanations.end(),
                     [&](const Explanation& e) { return message.starts_with(e.message); });
    if (found == kExplanations.end()) {
        return at(text, offset, "is not valid YAML",
                  "quote the values on this line, or check its indentation");
    }
    return at(text, offset, std::string(found->what), std::string(found->hint));
}

Problem explain_second_document(std::string_view text, std::size_t offset) {
    if (text.substr(std::min(offset, text.size())).starts_with("---"))
        return at(text, offset, "starts a second document", "keep one document in a file");
    return at(text, offset, "does not continue what stands above", std::string(kIndentation));
}

}  // namespace keyshift::config
