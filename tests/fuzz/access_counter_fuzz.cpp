// SPDX-License-Identifier: Apache-2.0
// Lines to a counter of each kind: each line is counted once, the same in however many blocks, and nothing
// that is shown can drive a terminal.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/utf8.hpp"
#include "collectors/access/counter.hpp"

using namespace keyshift;
using collectors::AccessOptions;

namespace {

std::unique_ptr<collectors::LineCounter> make(std::size_t kind) {
    AccessOptions options;
    options.client = collectors::ClientField::forwarded;
    options.trusted_proxies = {collectors::TrustedProxy::parse("10.0.0.0/8").value()};
    const std::array readers{formats::make_combined_reader, formats::make_traefik_clf_reader,
                             formats::make_haproxy_reader, formats::make_traefik_json_reader,
                             formats::make_caddy_json_reader};
    options.make_reader = readers.at(kind);
    return collectors::make_access_counter({}, options);
}

void check_shown(const std::string& text) {
    if (base::escape_unsafe(text) != text) std::abort();
}

void check(const collectors::LogTally& tally, std::uint64_t lines) {
    if (tally.lines.matched + tally.lines.skipped + tally.lines.unparsed != lines) std::abort();
    std::uint64_t requests = 0;
    for (std::size_t i = 0; i < domain::kRequestOutcomes; ++i)
        requests += tally.events.at(index_of(after(domain::kFirstRequest, i)));
    if (requests != tally.lines.matched) std::abort();
    for (const auto& [kind, times] : tally.failures.kinds()) {
        if (times.last > tally.now || times.count == 0) std::abort();
        check_shown(kind.client);
        check_shown(kind.path);
        check_shown(kind.user_agent);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::array counters{make(0), make(1), make(2), make(3), make(4)};
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto& counter : counters) {
        collectors::LogTally at_once;
        collectors::LogTally one_by_one;
        at_once.now = one_by_one.now = *base::parse_rfc3339("2026-11-25T14:00:00Z");
        counter->count(text, at_once);
        std::uint64_t lines = 0;
        for (std::string_view rest = text; !rest.empty(); ++lines) {
            const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
            counter->count(rest.substr(0, end + 1), one_by_one);
            rest.remove_prefix(end + 1);
        }
        check(at_once, lines);
        if (at_once.events != one_by_one.events || at_once.lines != one_by_one.lines) std::abort();
        if (at_once.failures.kinds().size() != one_by_one.failures.kinds().size()) std::abort();
    }
    return 0;
}
