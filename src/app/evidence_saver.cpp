// SPDX-License-Identifier: Apache-2.0
#include "app/evidence_saver.hpp"

#include <utility>

#include "runtime/run_blocking.hpp"
#include "store/state.hpp"

namespace keyshift::app {

base::Result<void> save(const UnsavedEvidence& unsaved, const std::filesystem::path& directory) {
    // Opened for each write: the file may have been replaced since the last one.
    const auto state = store::State::attach(directory);
    if (!state) return state.error();
    if (!*state) return base::Error{base::Errc::other, "there is no state file in " + directory.string(), {}};
    auto transaction = (*state)->begin();
    if (!transaction) return transaction.error();
    unsaved.write(*transaction);
    return transaction->commit();
}

boost::asio::awaitable<std::optional<base::Error>> EvidenceSaver::save() {
    busy_ = true;
    std::optional<base::Error> error;
    while (!waiting_.empty() && !error) {
        UnsavedEvidence writing = std::exchange(waiting_, {});
        const auto work = [&writing, this] { return app::save(writing, directory_); };
        const auto done = co_await runtime::run_blocking(worker_, work);
        if (done) continue;
        error = done.error();
        writing.merge(waiting_);
        waiting_ = std::move(writing);
    }
    busy_ = false;
    co_return error;
}

}  // namespace keyshift::app
