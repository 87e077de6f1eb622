// SPDX-License-Identifier: Apache-2.0
// Any bytes as a JSON document, and as what a daemon answers: whatever is read is written, and reads back as
// the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/status.hpp"
#include "api/verdict.hpp"
#include "formats/text/json_tree.hpp"

namespace {

template <class Document>
void check(const keyshift::base::Result<Document>& read,
           keyshift::base::Result<Document> (*decode)(std::string_view)) {
    if (!read) {
        if (read.error().what.empty()) std::abort();
        return;
    }
    const auto text = encode(*read);
    const auto again = decode(text);
    if (!again || encode(*again) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace keyshift;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto tree = formats::parse_json(text);
    if (!tree && tree.error().what.empty()) std::abort();
    check(api::decode_verdict(text), api::decode_verdict);
    check(api::decode_status(text), api::decode_status);
    return 0;
}
