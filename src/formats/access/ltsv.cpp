// SPDX-License-Identifier: Apache-2.0
// LABEL:VALUE, tab, LABEL:VALUE ... (ltsv.org), in any order. nginx writes a client's tab as \x09 and Apache
// as
// \t, so that each tab ends a value. A label that is there twice says nothing sure.
#include <algorithm>
#include <array>
#include <cstdint>

#include "formats/access/fields.hpp"
#include "formats/access/line.hpp"
#include "formats/text/client_word.hpp"
#include "formats/text/log_time.hpp"

namespace keyshift::formats {
namespace {

enum class Meaning : std::uint8_t {
    time,
    peer,
    forwarded,
    request,
    method,
    target,
    status,
    bytes,
    user_agent
};

struct Label {
    std::string_view name;
    Meaning meaning;
};
/// Those of ltsv.org, and nginx's names of the same.
constexpr std::array<Label, 21> kLabels{{{"time", Meaning::time},
                                         {"time_local", Meaning::time},
                                         {"time_iso8601", Meaning::time},
                                         {"msec", Meaning::time},
                                         {"host", Meaning::peer},
                                         {"remote_addr", Meaning::peer},
                                         {"forwardedfor", Meaning::forwarded},
                                         {"http_x_forwarded_for", Meaning::forwarded},
                                         {"req", Meaning::request},
                                         {"request", Meaning::request},
                                         {"method", Meaning::method},
                                         {"request_method", Meaning::method},
                                         {"uri", Meaning::target},
                                         {"request_uri", Meaning::target},
                                         {"path", Meaning::target},
                                         {"status", Meaning::status},
                                         {"size", Meaning::bytes},
                                         {"body_bytes_sent", Meaning::bytes},
                                         {"ua", Meaning::user_agent},
                                         {"user_agent", Meaning::user_agent},
                                         {"http_user_agent", Meaning::user_agent}}};

std::optional<base::Time> time_of(std::string_view text) {
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    if (const auto time = parse_common_time(text)) return time;
    if (const auto time = parse_iso_time(text)) return time;
    return parse_epoch_seconds(text);
}

bool is_label(std::string_view text) {
    return std::ranges::find(kLabels, text, &Label::name) != kLabels.end();
}

bool is_label_byte(char c) {
    return base::is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
}

/// "api.example.com:443 time:..." is no label, but a prefix and one that is known.
bool hides_label(std::string_view field) {
    for (std::size_t at = field.find(' '); at != std::string_view::npos; at = field.find(' ', at + 1)) {
        const std::string_view behind = field.substr(at + 1);
        if (is_label(behind.substr(0, behind.find(':')))) return true;
    }
    return false;
}

constexpr unsigned bit(Meaning meaning) {
    return 1U << static_cast<unsigned>(meaning);
}

class Ltsv final : public AccessReader {
 public:
    bool read(std::string_view line, AccessLine& out) override {
        out = {};
        request_ = {};
        unsigned seen = 0;
        const std::string_view first = line.substr(0, line.find('\t'));
        if (!is_label(first.substr(0, first.find(':'))) && hides_label(first)) return false;
        while (!line.empty()) {
            const std::string_view field = line.substr(0, line.find('\t'));
            line.remove_prefix(std::min(field.size() + 1, line.size()));
            const std::size_t colon = field.find(':');
            if (colon == std::string_view::npos) return false;
            const auto* const label = std::ranges::find(kLabels, field.substr(0, colon), &Label::name);
            if (label == kLabels.end()) {
                if (!std::ranges::all_of(field.substr(0, colon), is_label_byte)) return false;
                continue;
            }
            if ((seen & bit(label->meaning)) != 0 || !set(label->meaning, field.substr(colon + 1), out))
                return false;
            seen |= bit(label->meaning);
        }
        if (!request_.empty()) split_request(request_, out);
        const bool asked = (seen & (bit(Meaning::request) | bit(Meaning::target))) != 0;
        return asked && (seen & bit(Meaning::status)) != 0;
    }
    void complete(AccessLine& out) override {
        out.at = time_of(time_);
        time_ = {};
    }
    AccessTells tells() const override { return {.escape = AccessEscape::backslash, .forwarded = true}; }

 private:
    bool set(Meaning meaning, std::string_view text, AccessLine& out) {
        Cursor cursor(text);
        const std::string_view given = nothing_if_dash(text);
        switch (meaning) {
            case Meaning::time:
                time_ = text;
                break;
            case Meaning::peer:
                out.peer = given;
                return given.empty() || is_client(given);
            case Meaning::forwarded:
                out.forwarded = given;
                break;
            case Meaning::request:
                request_ = given;
                break;
            case Meaning::method:
                out.method = given;
                break;
            case Meaning::target:
                out.target = given;
                break;
            case Meaning::status:
                return cursor.status(out.status) && cursor.done();
            case Meaning::bytes:
                return cursor.bytes(out.bytes) && cursor.done();
            case Meaning::user_agent:
                out.user_agent = given;
                break;
        }
        return true;
    }

    std::string_view request_;
    std::string_view time_;
};

}  // namespace

std::unique_ptr<AccessReader> make_ltsv_reader() {
    return std::make_unique<Ltsv>();
}

}  // namespace keyshift::formats
