// SPDX-License-Identifier: Apache-2.0
#include "collectors/logs/findings.hpp"

#include <utility>

#include "base/utf8.hpp"
#include "collectors/logs/guess.hpp"
#include "drivers/host/reading_rights.hpp"

namespace keyshift::collectors {
namespace {

using base::Errc;
using base::Error;
using drivers::LogPlace;
/// Of many files that cannot be read, the first ones are named.
constexpr std::size_t kShown = 10;

std::vector<Finding> about_places(const std::vector<LogPlace>& places) {
    std::vector<Finding> out;
    std::size_t more = 0;
    for (const LogPlace& place : places) {
        if (place.problem.empty()) continue;
        if (out.size() == kShown) {
            ++more;
            continue;
        }
        std::string remedy = drivers::commands_to_read(place.name, drivers::Successors::read);
        const Errc code = remedy.empty() ? Errc::other : Errc::permission;
        if (!remedy.empty()) remedy.insert(0, "as root:\n");
        out.push_back({Finding::Kind::failure,
                       base::escape_unsafe(place.name) + ": " + base::escape_unsafe(place.problem),
                       std::move(remedy), code});
    }
    if (more > 0)
        out.push_back(
            {Finding::Kind::failure, std::to_string(more) + " more cannot be read", {}, Errc::other});
    return out;
}

Finding about_lines(const LogSnapshot& snapshot) {
    const domain::LogLines& lines = snapshot.lines;
    const std::uint64_t parsed = lines.matched + lines.skipped;
    const std::uint64_t all = parsed + lines.unparsed + lines.oversized;
    const std::string what = std::to_string(all) + " lines read, " + std::to_string(lines.matched) +
                             " of them count, " + std::to_string(lines.unparsed) + " are not understood";
    if (lines.unparsed > parsed) {
        return {parsed == 0 ? Finding::Kind::failure : Finding::Kind::warning, what,
                advice_for_log(snapshot.collector, snapshot.sample), Errc::parse};
    }
    const bool odd = lines.unparsed + lines.oversized > 0;
    return {odd ? Finding::Kind::warning : Finding::Kind::ok, what,
            odd ? "this shows which: keyshift check --log FILE" : ""};
}

}  // namespace

std::vector<Finding> log_findings(const LogSnapshot& snapshot) {
    std::vector<Finding> out = about_places(snapshot.places);
    for (const Error& error : snapshot.degradations)
        out.push_back({Finding::Kind::warning, error.what, error.hint});
    out.push_back(about_lines(snapshot));
    return out;
}

std::vector<Finding> log_failures(const Error& error, const std::vector<LogPlace>& places) {
    std::vector<Finding> out = about_places(places);
    // What is said of the whole names one of them.
    if (out.empty()) out.push_back(failure(error));
    for (Finding& finding : out) {
        if (finding.code != Errc::other) continue;
        finding.code = error.code;
        if (finding.remedy.empty()) finding.remedy = error.hint;
    }
    return out;
}

}  // namespace keyshift::collectors
