// SPDX-License-Identifier: Apache-2.0
// Lines of Apache, nginx, Traefik and HAProxy, and LTSV: what is found is of the line, and no status is out
// of bounds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "formats/access/line.hpp"

using namespace keyshift::formats;

namespace {

void must_lie_in(std::string_view line, std::string_view part) {
    if (part.empty()) return;
    if (part.data() < line.data() || part.data() + part.size() > line.data() + line.size()) std::abort();
}

void read_with(AccessReader& reader, std::string_view line) {
    AccessLine out;
    if (!reader.read(line, out)) return;
    if (out.status >= kStatuses) std::abort();
    reader.complete(out);
    for (const std::string_view part : {out.method, out.target, out.peer, out.forwarded, out.user_agent})
        must_lie_in(line, part);
    if (unescape(out.user_agent, reader.tells().escape).size() > out.user_agent.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto combined = make_combined_reader();
    static const auto traefik = make_traefik_clf_reader();
    static const auto haproxy = make_haproxy_reader();
    static const auto ltsv = make_ltsv_reader();
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    for (AccessReader* const reader : {combined.get(), traefik.get(), haproxy.get(), ltsv.get()})
        read_with(*reader, line);
    return 0;
}
