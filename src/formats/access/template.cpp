// SPDX-License-Identifier: Apache-2.0
#include "formats/access/template.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "formats/access/fields.hpp"
#include "formats/text/client_word.hpp"
#include "formats/text/log_time.hpp"

namespace keyshift::formats {
namespace {

using base::Error;
using base::Result;
using Field = AccessTemplate::Field;
using End = AccessTemplate::End;
using Piece = AccessTemplate::Piece;

/// What a variable can hold.
enum class Holds : std::uint8_t {
    own,   ///< what no client chooses
    list,  ///< the same, several times
    word,  ///< what a client chooses, but without spaces
    text,  ///< what a client chooses
    common_time,
    iso_time,
};

struct Variable {
    std::string_view name;
    Field field;
    Holds holds;
};
constexpr std::array<Variable, 14> kFields{
    {{"remote_addr", Field::peer, Holds::own},
     {"realip_remote_addr", Field::original_peer, Holds::own},
     {"http_x_forwarded_for", Field::forwarded, Holds::text},
     {"proxy_add_x_forwarded_for", Field::forwarded_and_peer, Holds::text},
     {"time_local", Field::common_time, Holds::common_time},
     {"time_iso8601", Field::iso_time, Holds::iso_time},
     {"msec", Field::epoch_seconds, Holds::own},
     {"request", Field::request, Holds::text},
     {"request_method", Field::method, Holds::own},
     {"request_uri", Field::target, Holds::word},
     {"uri", Field::path, Holds::text},
     {"status", Field::status, Holds::own},
     {"body_bytes_sent", Field::body_bytes, Holds::own},
     {"http_user_agent", Field::user_agent, Holds::text}}};
/// Of all others it is presumed that a client chooses them.
constexpr std::array<std::string_view, 23> kOwn{
    "bytes_sent",   "connection",         "connection_requests",  "gzip_ratio",
    "hostname",     "limit_req_status",   "nginx_version",        "pid",
    "pipe",         "realip_remote_port", "remote_port",          "request_completion",
    "request_id",   "request_length",     "request_time",         "scheme",
    "server_addr",  "server_name",        "server_port",          "server_protocol",
    "ssl_protocol", "ssl_cipher",         "upstream_cache_status"};
constexpr std::array<std::string_view, 8> kLists{
    "upstream_addr",        "upstream_status",     "upstream_response_time",  "upstream_connect_time",
    "upstream_header_time", "upstream_bytes_sent", "upstream_bytes_received", "upstream_response_length"};
constexpr std::array<std::string_view, 3> kWords{"host", "args", "query_string"};

Variable variable_named(std::string_view name) {
    const auto* const known = std::ranges::find(kFields, name, &Variable::name);
    if (known != kFields.end()) return *known;
    if (std::ranges::find(kOwn, name) != kOwn.end()) return {name, Field::none, Holds::own};
    if (std::ranges::find(kLists, name) != kLists.end()) return {name, Field::none, Holds::list};
    if (std::ranges::find(kWords, name) != kWords.end()) return {name, Field::none, Holds::word};
    return {name, Field::none, Holds::text};
}

Error wrong(std::string what, std::string hint) {
    return {base::Errc::config, std::move(what), std::move(hint)};
}

bool is_word(char c) {
    return base::is_alphanumeric(c) || c == '_';
}

struct Written {
    Variable variable;
    std::string behind;
};
using Format = std::vector<Written>;

bool has(const Format& format, Field field) {
    return std::ranges::any_of(format, [&](const Written& w) { return w.variable.field == field; });
}

/// Takes a format apart; `first` is what stands before the first variable.
Result<Format> split(std::string_view format, std::string& first) {
    Format out;
    while (!format.empty()) {
        if (format.front() != '$') {
            const std::size_t end = std::min(format.find('$'), format.size());
            (out.empty() ? first : out.back().behind) += format.substr(0, end);
            format.remove_prefix(end);
            continue;
        }
        const bool braces = format.substr(1).starts_with('{');
        const std::string_view rest = format.substr(braces ? 2 : 1);
        const auto size = static_cast<std::size_t>(std::ranges::find_if_not(rest, is_word) - rest.begin());
        if (size == 0 || (braces && !rest.substr(size).starts_with('}')))
            return wrong("has a $ without the name of a variable", "write it as nginx takes it");
        if (!out.empty() && out.back().behind.empty())
            return wrong("has nothing between $" + std::string(out.back().variable.name) + " and $" +
                             std::string(rest.substr(0, size)),
                         "write a character between them, in nginx too");
        out.push_back({variable_named(rest.substr(0, size)), ""});
        format = rest.substr(braces ? size + 1 : size);
    }
    return out;
}

/// Passes over all but the best variable of several that tell the same.
void keep_best(Format& format, std::initializer_list<Field> best_first) {
    bool found = false;
    for (const Field field : best_first) {
        for (Written& written : format) {
            if (written.variable.field != field) continue;
            if (found) written.variable.field = Field::none;
            found = true;
        }
    }
}

/// How long `holds` is, if that is always the same.
std::size_t fixed_size(Holds holds) {
    constexpr std::size_t kIsoTime = 25;
    if (holds == Holds::common_time) return kCommonTimeSize;
    return holds == Holds::iso_time ? kIsoTime : 0;
}

/// Where the variable at `at` ends; empty: nobody can say by itself.
std::optional<Piece> piece_of(const Format& format, std::size_t at, NginxEscape escape) {
    const Holds holds = format[at].variable.holds;
    const std::string& behind = format[at].behind;
    Piece piece{format[at].variable.field, End::literal, fixed_size(holds), behind, {}};
    if (piece.size != 0) {
        piece.end = End::fixed;
    } else if (at + 1 == format.size()) {
        piece.end = End::last;
    } else if (escape != NginxEscape::none && behind.starts_with('"')) {
        piece.end = End::quote;
    } else if (escape != NginxEscape::none && behind.starts_with('\t')) {
        piece.end = End::tab;
    } else if (holds == Holds::own || (holds == Holds::word && behind.starts_with(' '))) {
        piece.end = End::literal;
    } else if (holds == Holds::list) {
        piece.end = End::list;
    } else {
        return std::nullopt;
    }
    return piece;
}

/// What a run may hold: with any other field its line would depend on where it is divided.
bool may_be_in_run(Field field) {
    return field == Field::none || field == Field::peer || field == Field::original_peer ||
           field == Field::forwarded || field == Field::forwarded_and_peer;
}

/// What else a client writes is nobody's to divide: only the chain of clients is worth lines of which some
/// cannot be.
bool is_worth_it(const std::vector<Piece>& run) {
    return run.size() == 1 || std::ranges::any_of(run, [](const Piece& piece) {
               return piece.field == Field::forwarded || piece.field == Field::forwarded_and_peer;
           });
}

/// The variables from `at` on up to a time of fixed size before a '"', as the user's name in
/// "$remote_user [$time_local] \"$request\"": in these is no '"'. Empty: there is no such time.
std::vector<Piece> run_of(const Format& format, std::size_t at, NginxEscape escape) {
    if (escape == NginxEscape::none) return {};
    std::vector<Piece> out;
    for (; at + 1 < format.size() && fixed_size(format[at].variable.holds) == 0; ++at) {
        const auto& [variable, behind] = format[at];
        if (!may_be_in_run(variable.field) || behind.find('"') != std::string::npos) return {};
        out.push_back({variable.field, End::in_run, 0, behind, {}});
        const bool own = variable.holds == Holds::own;
        out.front().run.push_back({own ? RunPart::Holds::own : RunPart::Holds::chosen, behind});
    }
    const Written& time = format[at];
    const std::size_t quote = time.behind.find('"');
    if (!is_worth_it(out) || fixed_size(time.variable.holds) == 0 || quote == std::string::npos) return {};
    out.front().end = End::run;
    out.front().size = out.back().behind.size() + fixed_size(time.variable.holds) + quote;
    return out;
}

/// The size of what stands before the next '"' that is not escaped; npos: there is none.
std::size_t before_quote(std::string_view text) {
    Cursor cursor(text);
    std::string_view before;
    return cursor.until_quote(before) ? before.size() : std::string_view::npos;
}

std::size_t end_of_list(const Piece& piece, std::string_view text) {
    std::size_t at = text.find(piece.behind);
    while (at != std::string_view::npos && at > 0 &&
           (text[at - 1] == ',' || text[at - 1] == ':' || text.substr(at).starts_with(" : ")))
        at = text.find(piece.behind, at + 1);
    return at;
}

/// The size of the variable with which `text` begins; npos: it does not.
std::size_t size_of(const Piece& piece, std::string_view text) {
    std::size_t size = text.find(piece.behind);
    if (piece.end == End::list) size = end_of_list(piece, text);
    if (piece.end == End::quote || piece.end == End::run) size = before_quote(text);
    if (piece.end == End::tab) size = text.find('\t');
    if (piece.end == End::fixed) size = piece.size;
    const std::size_t less = piece.end == End::last ? piece.behind.size() : piece.size;
    if (piece.end == End::last) size = text.size();
    if (piece.end != End::last && piece.end != End::run) return size;
    return size == std::string_view::npos || size < less ? std::string_view::npos : size - less;
}

/// The first `needed` variables, and what a run holds beyond them.
Result<std::vector<Piece>> pieces_of(const Format& format, std::size_t needed, NginxEscape escape) {
    std::vector<Piece> out;
    while (out.size() < needed) {
        const std::size_t i = out.size();
        if (auto piece = piece_of(format, i, escape)) {
            out.push_back(*std::move(piece));
            continue;
        }
        std::vector<Piece> run = run_of(format, i, escape);
        if (run.empty())
            return wrong(
                "does not keep $" + std::string(format[i].variable.name) +
                    ", which a client can choose, apart from what follows",
                "write it in double quotes, or behind all others, in nginx too, and without escape=none");
        std::ranges::move(run, std::back_inserter(out));
    }
    return out;
}

class TemplateReader final : public AccessReader {
 public:
    explicit TemplateReader(AccessTemplate format) : format_(std::move(format)) {}
    bool read(std::string_view line, AccessLine& out) override { return format_.read(line, out); }
    void complete(AccessLine& /*out*/) override {}
    AccessTells tells() const override { return format_.tells(); }

 private:
    AccessTemplate format_;
};

}  // namespace

Result<AccessTemplate> AccessTemplate::parse(std::string_view text, NginxEscape escape) {
    AccessTemplate out;
    out.escape_ = escape;
    auto format = split(text, out.first_);
    if (!format) return format.error();
    keep_best(*format, {Field::request, Field::target, Field::path});
    keep_best(*format, {Field::peer, Field::original_peer});
    keep_best(*format, {Field::forwarded_and_peer, Field::forwarded});
    keep_best(*format, {Field::epoch_seconds, Field::common_time, Field::iso_time});
    if (!has(*format, Field::status))
        return wrong("has no $status in it", "log it: everything depends on it");
    if (!has(*format, Field::request) && !has(*format, Field::target) && !has(*format, Field::path))
        return wrong("does not say what was asked for", "log \"$request\", $request_uri or \"$uri\"");
    std::size_t needed = format->size();
    while ((*format)[needed - 1].variable.field == Field::none) --needed;
    auto pieces = pieces_of(*format, needed, escape);
    if (!pieces) return pieces.error();
    out.pieces_ = *std::move(pieces);
    return out;
}

AccessTells AccessTemplate::tells() const {
    const auto tells_of = [&](Field field) {
        return std::ranges::find(pieces_, field, &Piece::field) != pieces_.end();
    };
    return {
        .escape = escape_ == NginxEscape::none ? AccessEscape::none : AccessEscape::backslash,
        .body_bytes = tells_of(Field::body_bytes),
        .forwarded = tells_of(Field::forwarded) || tells_of(Field::forwarded_and_peer),
        .agent_or_query = tells_of(Field::user_agent) || tells_of(Field::request) || tells_of(Field::target)};
}

bool AccessTemplate::read(std::string_view line, AccessLine& out) const {
    if (!line.starts_with(first_)) return false;
    line.remove_prefix(first_.size());
    out = {};
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
        const Piece& piece = pieces_[i];
        if (piece.end == End::in_run) continue;
        if (piece.end == End::run) {
            if (!read_run(i, line, out)) return false;
            continue;
        }
        const std::size_t size = size_of(piece, line);
        if (size == std::string_view::npos || size > line.size()) return false;
        if (piece.field != Field::none && !read_field(piece.field, line.substr(0, size), out)) return false;
        line.remove_prefix(size);
        if (!line.starts_with(piece.behind)) return false;
        line.remove_prefix(piece.behind.size());
    }
    return true;
}

/// What of it is not sure stays unknown.
bool AccessTemplate::read_run(std::size_t first, std::string_view& line, AccessLine& out) const {
    const std::vector<RunPart>& run = pieces_[first].run;
    const std::size_t size = size_of(pieces_[first], line);
    std::vector<std::string_view> texts;
    if (size == std::string_view::npos || !split_run(line.substr(0, size), run, texts)) return false;
    for (std::size_t i = 0; i < run.size(); ++i) {
        const Field field = pieces_[first + i].field;
        if (texts[i].data() != nullptr && field != Field::none && !read_field(field, texts[i], out))
            return false;
    }
    line.remove_prefix(size);
    if (!line.starts_with(run.back().behind)) return false;
    line.remove_prefix(run.back().behind.size());
    return true;
}

bool AccessTemplate::read_field(Field field, std::string_view text, AccessLine& out) const {
    Cursor cursor(text);
    const std::string_view given = nothing_if_dash(text);
    switch (field) {
        case Field::none:
            break;
        case Field::peer:
        case Field::original_peer:
            out.peer = given;
            return given.empty() || is_bare_address(given) || given.starts_with("unix:");
        case Field::forwarded:
        case Field::forwarded_and_peer:
            out.forwarded = given;
            out.forwarded_ends_in_peer = field == Field::forwarded_and_peer;
            break;
        case Field::common_time:
            out.at = parse_common_time(text);
            break;
        case Field::iso_time:
            out.at = parse_iso_time(text);
            break;
        case Field::epoch_seconds:
            out.at = parse_epoch_seconds(text);
            break;
        case Field::request:
            split_request(text, out);
            break;
        case Field::method:
            if (!given.empty()) out.method = given;
            break;
        case Field::target:
        case Field::path:
            out.target = given;
            break;
        case Field::status:
            return cursor.status(out.status) && cursor.done();
        case Field::body_bytes:
            return cursor.bytes(out.bytes) && cursor.done();
        case Field::user_agent:
            out.user_agent = given;
            break;
    }
    return true;
}

std::unique_ptr<AccessReader> make_template_reader(AccessTemplate format) {
    return std::make_unique<TemplateReader>(std::move(format));
}

}  // namespace keyshift::formats
