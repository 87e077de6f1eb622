// SPDX-License-Identifier: Apache-2.0
// CLIENT - USER [TIME] "METHOD PATH PROTOCOL" STATUS BYTES "REFERER" "USER AGENT" N "ROUTER" "URL" MSms, in
// which Traefik escapes nothing. The method, the path and the protocol have no spaces in them, so that the
// request ends at the third one; referer and user agent are whatever is left between the sizes and the count.
#include "formats/access/fields.hpp"
#include "formats/access/line.hpp"
#include "formats/text/client_word.hpp"
#include "formats/text/log_time.hpp"

namespace keyshift::formats {
namespace {

/// "[25/Nov/2026:13:10:37 +0000] "
/// Whether `before` begins with "CLIENT - ". In the place of a client's address stands X-Forwarded-For where
/// there is one: the last in it was written by a proxy, the others have no blanks in them.
bool begins_with_clients(std::string_view before) {
    const std::size_t end = before.find(" - ");
    if (end == std::string_view::npos) return false;
    std::string_view list = before.substr(0, end);
    for (std::size_t comma = list.find(','); comma != std::string_view::npos; comma = list.find(',')) {
        if (base::trimmed(list.substr(0, comma)).find(' ') != std::string_view::npos) return false;
        list.remove_prefix(comma + 1);
    }
    list = base::trimmed(list);
    return list == "-" || is_client(list);
}

/// Cuts ` "..."` off the end of `text`, in which there is no '"'.
bool cut_quoted(std::string_view& text) {
    if (!text.ends_with('"')) return false;
    const std::size_t quote = text.rfind('"', text.size() - 2);
    if (text.size() < 3 || quote == std::string_view::npos || quote == 0 || text[quote - 1] != ' ')
        return false;
    text = text.substr(0, quote - 1);
    return true;
}

/// Cuts ` N "ROUTER" "URL" MSms` off the end of `text`.
bool cut_end(std::string_view& text) {
    for (int quoted = 0; quoted < 2; ++quoted) {
        if (quoted == 0) text = text.substr(0, text.rfind(' '));
        if (!cut_quoted(text)) return false;
    }
    const std::size_t space = text.rfind(' ');
    if (space == std::string_view::npos) return false;
    text = text.substr(0, space);
    return true;
}

class TraefikClf final : public AccessReader {
 public:
    bool read(std::string_view line, AccessLine& out) override {
        Cursor cursor(line);
        std::string_view protocol;
        if (!cursor.until('"', out.before) || !ends_in_common_time(out.before)) return false;
        if (!begins_with_clients(out.before)) return false;
        if (!cursor.until(' ', out.method) || !cursor.until(' ', out.target)) return false;
        if (!cursor.until('"', protocol) || protocol.find(' ') != std::string_view::npos) return false;
        if (!cursor.consume(' ') || !cursor.status(out.status) || !cursor.consume(' ') ||
            !cursor.bytes(out.bytes))
            return false;
        out.behind = cursor.rest();
        return true;
    }

    void complete(AccessLine& out) override {
        // Traefik shows X-Forwarded-For in the place of the peer's address, where there is one.
        out.peer = {};
        out.forwarded = nothing_if_dash(out.before.substr(0, out.before.find(" - ")));
        out.forwarded_ends_in_peer = true;
        out.at =
            parse_common_time(out.before.substr(out.before.size() - kCommonTimeField + 1, kCommonTimeSize));
        out.user_agent = {};
        std::string_view clients = out.behind;
        if (!clients.starts_with(" \"") || !cut_end(clients) || !clients.ends_with('"')) return;
        const std::size_t quote = clients.find("\" \"", 2);
        if (quote == std::string_view::npos || quote + 4 > clients.size()) return;
        out.user_agent = nothing_if_dash(clients.substr(quote + 3, clients.size() - quote - 4));
    }

    AccessTells tells() const override { return {.forwarded = true}; }
};

}  // namespace

std::unique_ptr<AccessReader> make_traefik_clf_reader() {
    return std::make_unique<TraefikClf>();
}

}  // namespace keyshift::formats
