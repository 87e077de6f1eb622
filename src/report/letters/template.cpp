// SPDX-License-Identifier: Apache-2.0
#include "report/letters/template.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/people_time.hpp"
#include "base/utf8.hpp"
#include "report/escape.hpp"

namespace keyshift::report {
namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kKeyList = "{{keys}}";
constexpr std::string_view kStepList = "{{steps}}";
constexpr std::string_view kSubject = "Subject:";
constexpr std::array<std::string_view, 6> kNames{"owner", "team", "keys", "count", "deadline", "steps"};

Error wrong(std::size_t line, const std::string& what) {
    return {Errc::config, "the letter's template, line " + std::to_string(line) + ": " + what,
            "there are {{owner}}, {{team}}, {{keys}}, {{count}}, {{deadline}} and {{steps}}"};
}

std::string_view without_blanks(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool has_list(std::string_view text) {
    return text.find(kKeyList) != std::string_view::npos || text.find(kStepList) != std::string_view::npos;
}

Result<void> check_line(std::string_view line, std::size_t number) {
    for (std::string_view rest = line; !rest.empty();) {
        const base::Decoded first = base::decode_utf8(rest);
        if (!first.valid) return wrong(number, "it is no UTF-8");
        if (first.code_point < ' ' && first.code_point != '\t')
            return wrong(number, "it has a control character");
        rest.remove_prefix(first.size);
    }
    for (auto at = line.find(kOpen); at != std::string_view::npos; at = line.find(kOpen, at)) {
        const auto end = line.find(kClose, at);
        if (end == std::string_view::npos) return wrong(number, "{{ is not closed");
        const std::string_view name = line.substr(at + kOpen.size(), end - at - kOpen.size());
        if (std::find(kNames.begin(), kNames.end(), name) == kNames.end())
            return wrong(number, "there is no {{" + base::escape_unsafe(name) + "}}");
        at = end + kClose.size();
    }
    return {};
}

/// How names and lists are written in one format.
struct Style {
    void (*word)(std::string&, std::string_view);   // of the template
    void (*value)(std::string&, std::string_view);  // of the database
    const char* paragraph[2];
    const char* list[2];
    const char* item[2];
    const char* numbered[2];
    const char* step[2];  // the number goes before the first where `counts`
    bool counts;
};

void plain(std::string& out, std::string_view text) {
    out += text;
}
void visible(std::string& out, std::string_view text) {
    append_visible(out, text);
}

constexpr Style kText{plain, visible, {"", "\n\n"}, {"", "\n"}, {"- ", "\n"}, {"", "\n"}, {". ", "\n"}, true};
constexpr Style kMarkdown{plain,        append_code_span, {"", "\n\n"}, {"", "\n"},
                          {"- ", "\n"}, {"", "\n"},       {". ", "\n"}, true};
constexpr Style kHtml{append_html,         append_html,           {"<p>", "</p>\n"},   {"<ul>\n", "</ul>\n"},
                      {"<li>", "</li>\n"}, {"<ol>\n", "</ol>\n"}, {"<li>", "</li>\n"}, false};

/// The text that a placeholder stands for; empty: there is none.
std::string value_of(std::string_view name, const Letter& letter, const LetterFacts& facts) {
    if (name == "owner") return letter.address.empty() ? letter.owner : letter.address;
    if (name == "team") return letter.team;
    if (name == "count") return std::to_string(letter.asked);
    return name == "deadline" && facts.deadline ? base::format_day(*facts.deadline) : std::string();
}

/// False where something that it names is not there.
bool append_filled(std::string& out, std::string_view line, const Letter& letter, const LetterFacts& facts,
                   const Style& style) {
    for (;;) {
        const auto at = line.find(kOpen);
        style.word(out, line.substr(0, at));
        if (at == std::string_view::npos) return true;
        const auto end = line.find(kClose, at);
        const std::string_view name = line.substr(at + kOpen.size(), end - at - kOpen.size());
        const std::string value = value_of(name, letter, facts);
        if (value.empty()) return false;
        // Numbers and dates are ours.
        (name == "count" || name == "deadline" ? style.word : style.value)(out, value);
        line.remove_prefix(end + kClose.size());
    }
}

void append_key(std::string& out, const HeldKey& key, const Style& style) {
    out += style.item[0];
    if (key.name.empty() && key.prefix.empty()) {
        style.value(out, key.id);
    } else if (key.name.empty()) {
        out += "the key that begins with ";
        style.value(out, key.prefix);
    } else {
        style.value(out, key.name);
        if (!key.prefix.empty()) {
            out += " (begins with ";
            style.value(out, key.prefix);
            out += ')';
        }
    }
    if (key.created_at) out += ", created " + base::format_day(*key.created_at);
    out +=
        key.last_used_at ? ", last used " + base::format_day(*key.last_used_at) : std::string(", never used");
    out += ": ";
    style.word(out, clause_of(key.ask));
    out += style.item[1];
}

void append_keys(std::string& out, const Letter& letter, const Style& style) {
    out += style.list[0];
    for (const HeldKey& key : letter.keys) append_key(out, key, style);
    if (letter.more > 0)
        out += style.item[0] + ("and " + std::to_string(letter.more)) + " more: ask us for the whole list" +
               style.item[1];
    out += style.list[1];
}

void append_steps(std::string& out, const Letter& letter, const LetterFacts& facts, const Style& style) {
    out += style.numbered[0];
    int number = 0;
    for (std::size_t ask = 0; ask < kAsks; ++ask) {
        if (!letter.asks[ask]) continue;
        if (style.counts) out += std::to_string(++number);
        out += style.step[0];
        style.word(out, step_of(static_cast<Ask>(ask), facts));
        out += style.step[1];
    }
    out += style.numbered[1];
}

std::string body(const std::vector<std::string>& paragraphs, const Letter& letter, const LetterFacts& facts,
                 const Style& style) {
    std::string out;
    for (const std::string& paragraph : paragraphs) {
        if (paragraph == kKeyList) {
            append_keys(out, letter, style);
        } else if (paragraph == kStepList) {
            append_steps(out, letter, facts, style);
        } else {
            std::string filled = style.paragraph[0];
            if (append_filled(filled, paragraph, letter, facts, style)) out += filled + style.paragraph[1];
        }
    }
    while (out.ends_with("\n\n")) out.pop_back();
    return out;
}

}  // namespace

const char* LetterTemplate::usual() {
    return "Subject: Your API keys: {{count}} to look after\n"
           "\n"
           "Hello {{owner}},\n"
           "\n"
           "we are changing how API keys are checked. Keys of the old kind stop working when that is done, "
           "and you "
           "hold some of them. We have only fingerprints of keys, so that nobody can convert them for you:\n"
           "\n"
           "{{keys}}\n"
           "\n"
           "What to do:\n"
           "\n"
           "{{steps}}\n"
           "\n"
           "Please be done by {{deadline}}.\n"
           "\n"
           "Do not delete an old key: we see when it is not used any more, and block it then. If you do not "
           "know one of "
           "these keys, or somebody else looks after it now, please answer this message. Never send a key by "
           "mail, not "
           "even an old one.\n";
}

Result<LetterTemplate> LetterTemplate::parse(std::string_view text) {
    LetterTemplate out;
    std::string paragraph;
    std::size_t begun = 0;  // the line with which the paragraph begins
    for (std::size_t number = 1; !text.empty() || !paragraph.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view line = without_blanks(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (auto checked = check_line(line, number); !checked) return checked.error();
        if (out.subject_.empty()) {
            if (!line.starts_with(kSubject)) return wrong(number, "it does not begin with \"Subject: ...\"");
            out.subject_ = without_blanks(line.substr(kSubject.size()));
            if (out.subject_.empty() || has_list(out.subject_))
                return wrong(number, "the subject is empty, or has a list in it");
        } else if (!line.empty()) {
            if (paragraph.empty()) begun = number;
            paragraph += (paragraph.empty() ? "" : "\n") + std::string(line);
        } else if (!paragraph.empty()) {
            if (has_list(paragraph) && paragraph != kKeyList && paragraph != kStepList)
                return wrong(begun,
                             "{{keys}} and {{steps}} are lists: let each stand alone between empty lines");
            out.paragraphs_.push_back(std::exchange(paragraph, {}));
        }
    }
    if (std::find(out.paragraphs_.begin(), out.paragraphs_.end(), kKeyList) == out.paragraphs_.end())
        return wrong(1, "it does not tell the keys: {{keys}} is missing");
    return out;
}

std::string LetterTemplate::subject(const Letter& letter, const LetterFacts& facts) const {
    std::string out;
    if (!append_filled(out, subject_, letter, facts, kText)) out = "Your API keys";
    return out;
}

std::string LetterTemplate::text(const Letter& letter, const LetterFacts& facts) const {
    return body(paragraphs_, letter, facts, kText);
}

std::string LetterTemplate::markdown(const Letter& letter, const LetterFacts& facts) const {
    return body(paragraphs_, letter, facts, kMarkdown);
}

std::string LetterTemplate::html(const Letter& letter, const LetterFacts& facts) const {
    std::string title;
    append_html(title, subject(letter, facts));
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>" + title +
           "</title></head>\n<body>\n" + body(paragraphs_, letter, facts, kHtml) + "</body>\n</html>\n";
}

}  // namespace keyshift::report
