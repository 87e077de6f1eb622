// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/prefix.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "formats/text/client_word.hpp"
#include "formats/tracing/tracing.hpp"

namespace keyshift::formats {
namespace {

using Rest = std::optional<std::string_view>;

bool skip(std::string_view& text, std::string_view begin) {
    if (!text.starts_with(begin)) return false;
    text.remove_prefix(begin.size());
    return true;
}

/// Takes what stands before the next blank, and the blank. False when there is none, or nothing before it.
bool consume_word(std::string_view& text, std::string_view& word) {
    const std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos || blank == 0) return false;
    word = text.substr(0, blank);
    text.remove_prefix(blank + 1);
    return true;
}

/// Whether `text` is as `pattern`, in which each 0 is any digit.
bool has_shape(std::string_view text, std::string_view pattern) {
    return text.size() == pattern.size() && std::ranges::equal(text, pattern, [](char c, char p) {
               return p == '0' ? base::is_digit(c) : c == p;
           });
}

std::string_view without_digits(std::string_view text) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    return text.substr(end);
}

/// "2026-01-10T00:00:02", perhaps with a fraction, then Z or an offset.
bool is_iso_time(std::string_view text) {
    constexpr std::string_view kSeconds = "0000-00-00T00:00:00";
    if (!has_shape(text.substr(0, kSeconds.size()), kSeconds)) return false;
    text.remove_prefix(kSeconds.size());
    if (text.starts_with('.') || text.starts_with(',')) text = without_digits(text.substr(1));
    if (text == "Z") return true;
    if (!text.starts_with('+') && !text.starts_with('-')) return false;
    return has_shape(text.substr(1), "00:00") || has_shape(text.substr(1), "0000");
}

/// "<134>".
bool consume_priority(std::string_view& text) {
    if (!text.starts_with('<')) return false;
    const std::string_view behind = without_digits(text.substr(1));
    const std::size_t digits = text.size() - 1 - behind.size();
    if (digits == 0 || digits > 3 || !behind.starts_with('>')) return false;
    text = behind.substr(1);
    return true;
}

/// "Jan 10 00:00:02 ", of journalctl also with a fraction.
bool consume_month_time(std::string_view& text) {
    constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    constexpr std::size_t kMonth = 3;
    constexpr std::size_t kSize = 15;
    if (text.size() <= kSize) return false;
    const std::size_t month = kMonths.find(text.substr(0, kMonth));
    if (month == std::string_view::npos || month % kMonth != 0) return false;
    const bool one_digit = has_shape(text.substr(kMonth, 4), "  0 ");
    if (!one_digit && !has_shape(text.substr(kMonth, 4), " 00 ")) return false;
    if (!has_shape(text.substr(kMonth + 4, 8), "00:00:00")) return false;
    std::string_view rest = text.substr(kSize);
    if (rest.starts_with('.')) rest = without_digits(rest.substr(1));
    if (!skip(rest, " ")) return false;
    text = rest;
    return true;
}

bool consume_iso_time(std::string_view& text) {
    std::string_view word;
    std::string_view rest = text;
    if (!consume_word(rest, word) || !is_iso_time(word)) return false;
    text = rest;
    return true;
}

/// "nginx: " or "haproxy[77]: "; `pid`: it has a number.
bool consume_tag(std::string_view& text, bool& pid) {
    const auto ends = [](char c) { return c == ':' || c == '[' || c == ' ' || c == '"' || c == '{'; };
    const auto size = static_cast<std::size_t>(std::ranges::find_if(text, ends) - text.begin());
    if (size == 0) return false;
    std::string_view rest = text.substr(size);
    pid = skip(rest, "[");
    if (pid) {
        rest = without_digits(rest);
        if (!skip(rest, "]")) return false;
    }
    if (!skip(rest, ": ") && rest != ":") return false;
    text = rest == ":" ? std::string_view() : rest;
    return true;
}

/// A host, which a message from the machine itself may lack, and a tag.
bool consume_origin(std::string_view& text, bool& pid) {
    std::string_view rest = text;
    std::string_view host;
    if (consume_word(rest, host) && !tracing_level_named(host) && is_client(host) && consume_tag(rest, pid)) {
        text = rest;
        return true;
    }
    return consume_tag(text, pid);
}

/// "[id name=\"value\"]" as often as it stands there, or "-".
bool skip_structured_data(std::string_view& text) {
    if (skip(text, "-")) return true;
    if (!text.starts_with('[')) return false;
    while (text.starts_with('[')) {
        bool quoted = false;
        std::size_t at = 1;
        for (; at < text.size() && (quoted || text[at] != ']'); ++at) {
            if (quoted && text[at] == '\\') {
                ++at;
            } else if (text[at] == '"') {
                quoted = !quoted;
            }
        }
        if (at >= text.size()) return false;
        text.remove_prefix(at + 1);
    }
    return true;
}

/// RFC 5424 behind its priority: "1 TIME HOST APP PROCID MSGID DATA MESSAGE".
Rest behind_5424(std::string_view text) {
    std::string_view word;
    if (!skip(text, "1 ") || !consume_word(text, word) || (word != "-" && !is_iso_time(word)))
        return std::nullopt;
    for (int words = 0; words < 4; ++words)
        if (!consume_word(text, word)) return std::nullopt;
    if (!skip_structured_data(text)) return std::nullopt;
    if (!text.empty() && !skip(text, " ")) return std::nullopt;
    skip(text, "\xef\xbb\xbf");
    return text;
}

enum class Sure : std::uint8_t { no, yes };

Rest behind_syslog(std::string_view text, Sure sure) {
    const bool priority = consume_priority(text);
    if (priority)
        if (const Rest rest = behind_5424(text)) return rest;
    const std::string_view message = text;
    bool pid = false;
    if (consume_month_time(text) && consume_origin(text, pid)) return text;
    text = message;
    // A program's own line may begin with a time and a word, too.
    if (consume_iso_time(text) && consume_origin(text, pid) && (priority || pid || sure == Sure::no))
        return text;
    return priority ? Rest(message) : std::nullopt;
}

Rest behind_kubectl(std::string_view text) {
    if (!skip(text, "[pod/")) return std::nullopt;
    const std::size_t end = text.find("] ");
    if (end == std::string_view::npos || text.substr(0, end).find(' ') != std::string_view::npos)
        return std::nullopt;
    return text.substr(end + 2);
}

void skip_colour(std::string_view& text) {
    while (text.starts_with("\x1b[")) {
        const std::size_t end = text.find('m');
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

/// A name is padded to the longest of all; to a terminal it is coloured.
Rest behind_compose(std::string_view text, Sure sure) {
    skip_colour(text);
    const auto ends = [](char c) {
        return !base::is_alphanumeric(c) && c != '-' && c != '_' && c != '.' && c != '@';
    };
    const auto size = static_cast<std::size_t>(std::ranges::find_if(text, ends) - text.begin());
    const std::string_view name = text.substr(0, size);
    if (name.empty() || tracing_level_named(name)) return std::nullopt;
    const std::size_t digits = name.size() - std::min(name.find_last_not_of("0123456789") + 1, name.size());
    const bool numbered = digits > 0 && digits + 1 < name.size() &&
                          (name[name.size() - digits - 1] == '-' || name[name.size() - digits - 1] == '_');
    if (sure == Sure::yes && !numbered) return std::nullopt;
    text.remove_prefix(size);
    const std::size_t blanks = text.find_first_not_of(' ');
    if (blanks == 0 || blanks == std::string_view::npos) return std::nullopt;
    text.remove_prefix(blanks);
    skip_colour(text);
    if (!skip(text, "|")) return std::nullopt;
    skip_colour(text);
    skip(text, " ");
    skip_colour(text);
    return text;
}

/// A name without a dot and a port could be any word.
Rest behind_vhost(std::string_view text) {
    std::string_view host;
    if (!consume_word(text, host)) return std::nullopt;
    const std::size_t port = host.rfind(':');
    const bool has_port = port != std::string_view::npos && port + 1 < host.size() &&
                          without_digits(host.substr(port + 1)).empty();
    if (!has_port && host.find('.') == std::string_view::npos) return std::nullopt;
    const bool is_host = is_address(host) || is_host_name(has_port ? host.substr(0, port) : host);
    return is_host ? Rest(text) : std::nullopt;
}

Rest behind(std::string_view line, LinePrefix prefix, Sure sure) {
    switch (prefix) {
        case LinePrefix::syslog:
            return behind_syslog(line, sure);
        case LinePrefix::kubectl:
            return behind_kubectl(line);
        case LinePrefix::compose:
            return behind_compose(line, sure);
        case LinePrefix::vhost:
            return sure == Sure::yes ? std::nullopt : behind_vhost(line);
        case LinePrefix::timestamps:
            return sure == Sure::no && consume_iso_time(line) ? Rest(line) : std::nullopt;
        default:
            return std::nullopt;
    }
}

}  // namespace

Rest behind_prefix(std::string_view line, LinePrefix prefix) {
    return behind(line, prefix, Sure::no);
}

Rest behind_sure_prefix(std::string_view line, LinePrefix prefix) {
    return behind(line, prefix, Sure::yes);
}

std::optional<MessagePart> read_cri(std::string_view line) {
    if (!may_be_cri(line) || !consume_iso_time(line)) return std::nullopt;
    const bool error = skip(line, "stderr ");
    if (!error && !skip(line, "stdout ")) return std::nullopt;
    if (!line.starts_with('F') && !line.starts_with('P')) return std::nullopt;
    const bool last = line.front() == 'F';
    line.remove_prefix(1);
    // Tags behind a colon are for releases to come.
    if (line.starts_with(':')) line.remove_prefix(std::min(line.find(' '), line.size()));
    if (!line.empty() && !skip(line, " ")) return std::nullopt;
    return MessagePart{error ? LogStream::standard_error : LogStream::standard_output, line, last};
}

}  // namespace keyshift::formats
