// SPDX-License-Identifier: Apache-2.0
#include "collectors/logs/guess.hpp"

#include <algorithm>
#include <functional>

#include "formats/access/line.hpp"
#include "formats/lines/messages.hpp"
#include "formats/tracing/json.hpp"
#include "formats/tracing/text.hpp"

namespace keyshift::collectors {
namespace {

using Fits = std::function<bool(std::string_view line)>;

/// Readers of JSON take lines that are no requests too: those have no status.
Fits access(std::unique_ptr<formats::AccessReader> reader, std::string_view end = {}) {
    return [reader = std::shared_ptr(std::move(reader)), end](std::string_view line) {
        formats::AccessLine request;
        return line.ends_with(end) && reader->read(line, request) && request.status != 0;
    };
}

struct Format {
    LogGuess names;
    Fits fits;
};

/// Those that ask for more come first. Traefik's lines begin like "combined", and end in how long it took.
std::vector<Format> formats_known() {
    return {{{"access_log", "traefik_clf"}, access(formats::make_traefik_clf_reader(), "ms")},
            {{"access_log", "haproxy_http"}, access(formats::make_haproxy_reader())},
            {{"access_log", "traefik_json"}, access(formats::make_traefik_json_reader())},
            {{"access_log", "caddy_json"}, access(formats::make_caddy_json_reader())},
            {{"access_log", "ltsv"}, access(formats::make_ltsv_reader())},
            {{"access_log", "nginx_combined"}, access(formats::make_combined_reader())},
            {{"gateway_log", "tracing_text"},
             [text = std::make_shared<formats::TracingText>()](std::string_view line) {
                 formats::TracingLine ignored;
                 return line.empty() || text->parse(line, ignored) != formats::TracingText::Part::none;
             }},
            {{"gateway_log", "tracing_json"}, [](std::string_view line) {
                 formats::TracingJson json;
                 formats::TracingLine ignored;
                 return json.parse_slowly(line, ignored);
             }}};
}

bool nearly_all(const std::vector<std::string>& lines, const Fits& fits, formats::LinePrefix prefix) {
    const auto fitting = std::ranges::count_if(lines, [&](const std::string& line) {
        formats::LogMessages messages(prefix);
        return messages.each(line, fits) == 0;
    });
    return fitting > 0 && static_cast<std::size_t>(fitting) * 5 >= lines.size() * 4;
}

}  // namespace

std::optional<LogGuess> guess_log(const std::vector<std::string>& lines, formats::LinePrefix prefix) {
    for (const Format& format : formats_known())
        if (nearly_all(lines, format.fits, prefix)) return format.names;
    return std::nullopt;
}

std::string advice_for_log(std::string_view collector, const std::vector<std::string>& lines) {
    const auto bare = guess_log(lines, formats::LinePrefix::none);
    const auto guess = bare ? bare : guess_log(lines);
    const std::string shows = "`keyshift check --log FILE` shows each line";
    if (!guess) {
        return std::string(
                   collector == "access_log"
                       ? "of nginx with a log_format of its own: set format: nginx, and log_format to it; "
                       : "set format: text or json, with rules of its own; ") +
               shows;
    }
    const std::string format = "format: " + std::string(guess->format) + (bare ? "" : " and prefix: auto");
    if (guess->collector == collector) return "set " + format;
    return "these are the lines of another collector: give them to " + std::string(guess->collector) +
           ", with " + format;
}

}  // namespace keyshift::collectors
