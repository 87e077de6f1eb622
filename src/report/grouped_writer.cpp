// SPDX-License-Identifier: Apache-2.0
#include "report/grouped_writer.hpp"

namespace keyshift::report {

void GroupedWriter::begin(const Header& header) {
    header_ = header;
    start();
}

bool GroupedWriter::belongs_to_open_owner(const domain::Key& key) const {
    return owners_ > 0 && key.owner == owner_;
}

void GroupedWriter::key(const domain::Key& key, const std::optional<KeyPhase>& phase) {
    if (grouped()) {
        if (!belongs_to_open_owner(key)) {
            if (owners_ > 0) close_owner(rows_, next_);
            rows_ = 0;
            next_ = {};
            open_owner(key, owners_++);
            owner_ = key.owner;
        }
        if (header_.phases && phase) next_.add(*phase);
    }
    row(key, phase, rows_++);
}

void GroupedWriter::end() {
    if (owners_ > 0) close_owner(rows_, next_);
    finish();
}

}  // namespace keyshift::report
