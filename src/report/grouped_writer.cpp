// SPDX-License-Identifier: Apache-2.0
#include "report/grouped_writer.hpp"

namespace keyshift::report {

bool GroupedWriter::belongs_to_open_owner(const domain::Key& key) const {
    return owners_ > 0 && key.owner == owner_;
}

void GroupedWriter::key(const domain::Key& key) {
    if (grouping_ == Grouping::owner && !belongs_to_open_owner(key)) {
        if (owners_ > 0) close_owner(rows_);
        rows_ = 0;
        open_owner(key, owners_++);
        owner_ = key.owner;
    }
    row(key, rows_++);
}

void GroupedWriter::end() {
    if (owners_ > 0) close_owner(rows_);
    finish();
}

}  // namespace keyshift::report
