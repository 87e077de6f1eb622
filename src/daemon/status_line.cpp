// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_line.hpp"

#include "domain/assess.hpp"

namespace keyshift::daemon {

std::string status_line(const domain::Model& model, base::Time now) {
    std::string out;
    if (model.keys) {
        out = std::to_string(model.keys->inventory.legacy_keys) + " of " +
              std::to_string(model.keys->inventory.baseline) + " legacy keys left, verdict " +
              std::string(verdict_name(assess(model, now).judgement.verdict));
    } else if (model.sources.count(domain::kKeysSource) > 0) {
        out = "the key table has not been read yet";
    } else {
        out = "watching without the key table";
    }
    std::string down;
    for (const auto& [name, status] : model.sources)
        if (status.up == false) down += (down.empty() ? "; down: " : ", ") + name;
    out += down;
    if (!model.config_valid) out += "; the configuration file is not valid, the one before stays";
    return out;
}

}  // namespace keyshift::daemon
