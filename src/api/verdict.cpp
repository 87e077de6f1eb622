// SPDX-License-Identifier: Apache-2.0
#include "api/verdict.hpp"

#include "api/archive.hpp"
#include "domain/assess.hpp"

namespace keyshift::api {

Verdict verdict(const domain::Model& model, base::Time now, std::string_view from) {
    return {judged(model, assess(model, now), now, from)};
}

std::string encode(const Verdict& verdict) {
    return ArchiveWriter::document(verdict);
}

base::Result<Verdict> decode_verdict(std::string_view text) {
    return ArchiveReader::document<Verdict>(text);
}

}  // namespace keyshift::api
