// SPDX-License-Identifier: Apache-2.0
// ADDRESS IDENT USER [TIME] "REQUEST" STATUS BYTES "REFERER" "USER AGENT". The user's name, the request and
// all behind it may be chosen by a client; a '"' of theirs is written \x22 by nginx and \" by Apache, so that
// the first one that is not escaped begins the request. ADDRESS is one, or a host's name, so that no prefix
// can pass for it.
#include "formats/access_fields.hpp"
#include "formats/access_line.hpp"
#include "formats/client_word.hpp"
#include "formats/log_time.hpp"

namespace keyshift::formats {
namespace {

/// "[25/Nov/2026:13:10:37 +0000] "
constexpr std::size_t kTimeField = kCommonTimeSize + 3;

/// Whether `text` ends in a time in brackets and a space.
bool ends_in_time(std::string_view text) {
    const std::size_t size = text.size();
    return size > kTimeField && text[size - 1] == ' ' && text[size - 2] == ']' &&
           text[size - kTimeField] == '[';
}

/// Whether `before` begins with ADDRESS IDENT USER. nginx writes "-" for IDENT, and so does Apache but where
/// it asks the client's identd, which nobody does by name.
bool begins_with_client(std::string_view before) {
    const std::size_t end = before.find(' ');
    const std::string_view client = before.substr(0, end);
    std::string_view rest = before.substr(end + 1);
    if (rest.starts_with("- "))
        return is_ipv4(client) || is_bare_address(client) || is_host_name(client) ||
               client.starts_with("unix:");
    const std::string_view ident = rest.substr(0, rest.find(' '));
    return !ident.empty() && is_bare_address(client) && !is_address(ident);
}

class Combined final : public AccessReader {
 public:
    bool read(std::string_view line, AccessLine& out) override {
        Cursor cursor(line);
        std::string_view request;
        if (!cursor.until_quote(out.before) || !ends_in_time(out.before)) return false;
        if (!begins_with_client(out.before) || !cursor.until_quote(request)) return false;
        if (!cursor.take(' ') || !cursor.status(out.status) || !cursor.take(' ') || !cursor.bytes(out.bytes))
            return false;
        split_request(request, out);
        out.behind = cursor.rest();
        return true;
    }

    void complete(AccessLine& out) override {
        out.peer = nothing_if_dash(out.before.substr(0, out.before.find(' ')));
        out.forwarded = {};
        out.at = time(out.before.substr(out.before.size() - kTimeField + 1, kCommonTimeSize));
        out.user_agent = {};
        Cursor cursor(out.behind);
        std::string_view referer;
        std::string_view user_agent;
        if (!cursor.take(" \"") || !cursor.until_quote(referer) || !cursor.take(" \"")) return;
        if (cursor.until_quote(user_agent)) out.user_agent = nothing_if_dash(user_agent);
    }

    AccessTells tells() const override { return {.escape = AccessEscape::backslash}; }

 private:
    /// Many lines have the time of the one before.
    std::optional<base::Time> time(std::string_view text) {
        if (text == last_text_) return last_time_;
        last_text_ = text;
        return last_time_ = parse_common_time(text);
    }

    std::string last_text_;
    std::optional<base::Time> last_time_;
};

}  // namespace

std::unique_ptr<AccessReader> make_combined_reader() {
    return std::make_unique<Combined>();
}

}  // namespace keyshift::formats
