// SPDX-License-Identifier: Apache-2.0
// Lines of Traefik's and Caddy's JSON: a line is read the same whatever was read before, and whatever stands
// behind it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "formats/access/line.hpp"

using namespace keyshift::formats;

namespace {

std::string read_with(AccessReader& reader, std::string_view line) {
    AccessLine out;
    if (!reader.read(line, out)) return "-";
    reader.complete(out);
    if (out.status >= kStatuses) std::abort();
    std::string text = std::to_string(out.status) + (out.bytes ? std::to_string(*out.bytes) : "?");
    for (const std::string_view part : {out.method, out.target, out.peer, out.forwarded, out.user_agent})
        (text += '|') += part;
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto traefik = make_traefik_json_reader();
    static const auto caddy = make_caddy_json_reader();
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    if (read_with(*traefik, line) != read_with(*make_traefik_json_reader(), line)) std::abort();
    const std::string more = std::string(line) + "\"}]{";
    if (read_with(*caddy, line) != read_with(*caddy, std::string_view(more).substr(0, size))) std::abort();
    return 0;
}
