// SPDX-License-Identifier: Apache-2.0
// Thousands of names made of treacherous pieces: whatever they are, each document keeps its shape.
#include <algorithm>
#include <array>
#include <random>
#include <regex>

#include <gtest/gtest.h>

#include "base/utf8.hpp"
#include "unit/report/sample.hpp"
#include "unit/report/strict_json.hpp"

namespace keyshift::report {
namespace {

using namespace std::string_view_literals;

constexpr int kNames = 4000;

/// The same sequence in every run and with every compiler.
class Names {
 public:
    std::string next() {
        static constexpr std::array<std::string_view, 32> kPieces{
            {"a",      "é",          "漢",     "\u202E", "\u200B",   "\x1b[2J", "\n",
             "\r",     "\t",         "\0"sv,   "\x7f",   "\xC2\x85", "\xFF",    "\xED\xA0\x80",
             "\"",     "'",          "\\",     "|",      "`",        "<",       ">",
             "&",      ";",          ",",      "=",      "-",        "\uFF1D",  " ",
             "\u3000", "](http://x", "</bdi>", "-->"}};
        std::string name;
        for (auto left = random_() % 12; left > 0; --left) {
            const auto choice = random_() % (kPieces.size() + 8);
            if (choice < kPieces.size()) {
                name += kPieces.at(choice);
            } else {
                name += static_cast<char>(random_() % 256);
            }
        }
        return name;
    }

 private:
    std::mt19937 random_{20260110};
};

bool holds_treachery(std::string_view document) {
    while (!document.empty()) {
        const base::Decoded decoded = base::decode_utf8(document);
        const bool line_break = document[0] == '\n' || document[0] == '\r';
        if (!decoded.valid || (base::is_unsafe_to_display(decoded.code_point) && !line_break)) return true;
        document.remove_prefix(decoded.size);
    }
    return false;
}

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> out(1);
    for (const char c : text) {
        if (c == '\n') {
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    return out;
}

/// Reads RFC 4180 strictly. No records at all if the text is anything else.
std::vector<std::vector<std::string>> parse_csv(std::string_view text) {
    std::vector<std::vector<std::string>> records;
    while (!text.empty()) {
        records.emplace_back();
        for (bool more = true; more;) {
            std::string cell;
            if (text.substr(0, 1) == "\"") {
                text.remove_prefix(1);
                for (;; text.remove_prefix(1)) {
                    if (text.empty()) return {};
                    if (text[0] == '"' && text.substr(0, 2) != "\"\"") break;
                    if (text[0] == '"') text.remove_prefix(1);
                    cell += text[0];
                }
                text.remove_prefix(1);
            } else {
                const std::size_t end = text.find_first_of(",\r\n\"");
                if (end == text.npos || text[end] == '"') return {};
                cell = text.substr(0, end);
                text.remove_prefix(end);
            }
            records.back().push_back(cell);
            more = text.substr(0, 1) == ",";
            if (more) text.remove_prefix(1);
        }
        if (text.substr(0, 2) != "\r\n") return {};
        text.remove_prefix(2);
    }
    return records;
}

/// A report in which every text that comes from outside is `text`.
std::string render_everywhere(Format format, Grouping grouping, const std::string& text) {
    Header header = with_phases(header_for(3, 2), domain::FallbackMode::unknown);
    header.database = header.phase = text;
    domain::Key hostile = key_named(text);
    hostile.id = hostile.prefix = text;
    hostile.owner = hostile.owner_email = text;
    domain::Key without_email = hostile;
    without_email.owner_email = {};
    KeyPhase phase{domain::Phase::issued, domain::PairRule::owner, text, false};
    return render_phases(format, grouping, header,
                         {{hostile, phase}, {system_key(), phase}, {without_email, phase}});
}

TEST(RandomNames, NothingTreacherousReachesAnyDocument) {
    Names names;
    for (int i = 0; i < kNames / 4; ++i) {
        const std::string name = names.next();
        for (const Format format :
             {Format::text, Format::json, Format::csv, Format::markdown, Format::html}) {
            for (const Grouping grouping : {Grouping::none, Grouping::owner}) {
                ASSERT_FALSE(holds_treachery(render_everywhere(format, grouping, name)))
                    << base::escape_unsafe(name);
            }
        }
    }
}

TEST(RandomNames, TextKeepsItsLines) {
    Names names;
    const std::size_t expected = lines(render_name(Format::text, "x")).size();
    for (int i = 0; i < kNames; ++i) {
        const std::string name = names.next();
        const std::string out = render_name(Format::text, name);
        ASSERT_EQ(lines(out).size(), expected) << base::escape_unsafe(name);
        ASSERT_EQ(out.find('\r'), std::string::npos) << base::escape_unsafe(name);
    }
}

TEST(RandomNames, JsonParses) {
    Names names;
    for (int i = 0; i < kNames; ++i) {
        const std::string name = names.next();
        ASSERT_TRUE(is_strict_json(render_name(Format::json, name))) << base::escape_unsafe(name);
        ASSERT_TRUE(is_strict_json(render_everywhere(Format::json, Grouping::owner, name)));
    }
}

TEST(RandomNames, CsvHasItsCellsAndNoFormula) {
    const std::regex formula("^(\\s|\u3000)*(=|\\+|-|@|\uFF1D)");
    const std::regex formula_after_semicolon(";[\" ]*(=|\\+|-|@|\uFF1D)");
    Names names;
    for (int i = 0; i < kNames; ++i) {
        const std::string name = names.next();
        const std::string out = render_name(Format::csv, name);
        const auto records = parse_csv(out);
        ASSERT_EQ(records.size(), 2U) << base::escape_unsafe(name);
        for (const auto& record : records) ASSERT_EQ(record.size(), 11U) << base::escape_unsafe(name);
        const std::string& cell = records[1][1];
        ASSERT_FALSE(std::regex_search(cell, formula)) << base::escape_unsafe(name);
        ASSERT_FALSE(std::regex_search(out, formula_after_semicolon)) << base::escape_unsafe(name);
        const auto replaced = parse_csv(render_replacement(Format::csv, name));
        ASSERT_EQ(replaced.size(), 2U) << base::escape_unsafe(name);
        for (const auto& record : replaced) ASSERT_EQ(record.size(), 15U) << base::escape_unsafe(name);
        ASSERT_FALSE(std::regex_search(replaced[1][12], formula)) << base::escape_unsafe(name);
    }
}

TEST(RandomNames, MarkdownIsTheSameOutsideTheSpan) {
    const std::string benign = render_name(Format::markdown, "x");
    Names names;
    for (int i = 0; i < kNames; ++i) {
        const std::string name = names.next();
        std::string out = render_name(Format::markdown, name);
        if (name.empty()) continue;  // has no span
        const std::size_t open = out.find("| `", out.find("\n| `a1b2c3d4") + 3) + 3;
        const std::size_t close = out.find('`', open);
        ASSERT_EQ(out.substr(open, close - open).find_first_of("|\n"), std::string::npos)
            << base::escape_unsafe(name);
        ASSERT_EQ(out.replace(open, close - open, "x"), benign) << base::escape_unsafe(name);
    }
}

TEST(RandomNames, MarkdownIsTheSameOutsideTheReplacement) {
    constexpr std::string_view kBefore = "| issued | `";
    const std::string benign = render_replacement(Format::markdown, "x");
    Names names;
    for (int i = 0; i < kNames; ++i) {
        const std::string name = names.next();
        if (name.empty()) continue;  // has no span
        std::string out = render_replacement(Format::markdown, name);
        const std::size_t open = out.find(kBefore) + kBefore.size();
        const std::size_t close = out.find('`', open);
        ASSERT_EQ(out.substr(open, close - open).find_first_of("|\n"), std::string::npos)
            << base::escape_unsafe(name);
        ASSERT_EQ(out.replace(open, close - open, "x"), benign) << base::escape_unsafe(name);
    }
}

TEST(RandomNames, HtmlHasTheSameTags) {
    const auto tags = [](const std::string& page) {
        std::string out;
        bool inside = false;
        for (const char c : page) {
            inside = inside || c == '<';
            if (inside) out += c;
            inside = inside && c != '>';
        }
        return out;
    };
    const std::string benign = tags(render_everywhere(Format::html, Grouping::none, "x"));
    Names names;
    for (int i = 0; i < kNames; ++i) {
        const std::string name = names.next();
        if (name.empty()) continue;  // as a phase it stands for all keys
        ASSERT_EQ(tags(render_everywhere(Format::html, Grouping::none, name)), benign)
            << base::escape_unsafe(name);
    }
}

}  // namespace
}  // namespace keyshift::report
