// SPDX-License-Identifier: Apache-2.0
// Answers what takes the state or all keys to answer: the API's lists and the documents of the status page.
// Used on the loop thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "base/error.hpp"
#include "daemon/api/index_reader.hpp"
#include "daemon/api/state_worker.hpp"
#include "domain/model.hpp"
#include "http/message.hpp"
#include "inventory/documents.hpp"
#include "inventory/key_index.hpp"
#include "store/state.hpp"

namespace keyshift::daemon {

class InventoryWorker {
 public:
    /// On the worker's thread.
    using Work = std::function<base::Result<http::Response>(store::State&, const inventory::JudgedBy& by)>;
    /// The same. `by.read_at` is the poll that the index is of.
    using KeyWork = std::function<base::Result<http::Response>(store::State&, const inventory::KeyIndex&,
                                                               const inventory::JudgedBy& by)>;
    using OpenState = IndexReader::OpenState;

    /// `model` outlives it. `open` makes a connection for a thread.
    InventoryWorker(boost::asio::io_context& loop, const domain::Model& model, OpenState open);

    /// An answer that comes when the work is done; 503 at once where too many wait.
    http::Response ask(Work work);
    /// The same of what takes all keys. While they are being read, whoever gives `meanwhile` is answered by
    /// that, the others wait.
    http::Response ask_keys(KeyWork work, Work meanwhile = {});
    void stop() { reader_.stop(); }

 private:
    struct Question;

    /// By what keys are judged now.
    inventory::JudgedBy judged_by() const;
    /// Whether the question was still open.
    bool take(Question& question);
    void ask_index(const std::shared_ptr<Question>& question);
    void answer(Question& question, const IndexReader::Kept& kept);
    void answer_meanwhile_later(const std::shared_ptr<Question>& question);

    boost::asio::io_context& loop_;
    const domain::Model& model_;
    StateWorker worker_;
    std::size_t open_questions_ = 0;  // that wait for the index
    std::uint64_t read_of_ = 0;       // the worker's exchanges() when the reader was last asked
    IndexReader reader_;
};

}  // namespace keyshift::daemon
